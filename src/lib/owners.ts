import { type Blame, CAUSES, type Cause, type CauseRow, OTHER_CODES } from './causes.ts';

const ROWS: Readonly<Record<Cause, CauseRow>> = CAUSES;

const BY_CODE: ReadonlyMap<string, CauseRow> = new Map([
  ...Object.entries(OTHER_CODES).map(([code, owner]): [string, CauseRow] => [code, { owner }]),
  ...Object.values(ROWS).flatMap((row) => (row.codes ?? []).map((code): [string, CauseRow] => [code, row])),
]);

/** Who acts on a cause. `found` is what the evidence points at; it counts where the table knows it for this cause. */
export function ownerOf(cause: Cause, found?: Blame): Blame {
  return among(ROWS[cause], found);
}

/** Who acts on a failure, by its code. A code that the table does not know has the owner that was found, or the gate. */
export function ownerOfCode(code: string, found?: Blame): Blame {
  const row = BY_CODE.get(code);
  return row ? among(row, found) : (found ?? 'gate');
}

function among({ owner, or = [] }: CauseRow, found?: Blame): Blame {
  return found !== undefined && or.includes(found) ? found : owner;
}
