/** What an API said when it refused a call. */
export interface Refusal {
  /** The status of the API: of HTTP, or google.rpc.Code for Google's. */
  status: number | null;
  /** Machine-readable reasons, the most precise first. */
  reasons: readonly string[];
  /** The API's own sentence. */
  text: string;
  /** Facts that come with the reason, such as the permission that is missing. */
  facts?: Readonly<Record<string, string>>;
}

/** `again`: the same call may succeed in seconds. `wait`: it may succeed once something else has ended. `final`: it will not. */
export type Next = 'again' | 'wait' | 'final';

/** What a refusal means. A row fits by one of its reasons, else by its words, else by its status alone. */
export interface RefusalRow<Place> {
  /** Of the Failure. The table of causes has who acts. */
  code: string;
  next: Next;
  /** The statuses that its words need; without words and reasons, the statuses that it takes. All where it is left out. */
  statuses?: readonly number[];
  reasons?: readonly string[];
  words?: RegExp;
  /** What to run or to change, with the names that are known. */
  remedy: (refusal: Refusal, place: Place) => string;
}

/**
 * The row that fits a refusal: by its reasons first, by its words next, by its status last. The first row wins in each of
 * these rounds. Null where the API refused for a reason of its own.
 */
export function rowFor<Row extends Pick<RefusalRow<never>, 'reasons' | 'words' | 'statuses'>>(
  rows: readonly Row[],
  { status, reasons, text }: Refusal,
): Row | null {
  const takes = ({ statuses }: Row) => statuses === undefined || (status !== null && statuses.includes(status));
  return (
    rows.find((row) => row.reasons?.some((reason) => reasons.includes(reason))) ??
    rows.find((row) => row.words?.test(text) && takes(row)) ??
    rows.find((row) => !row.words && !row.reasons && takes(row)) ??
    null
  );
}

/** The usual remedy of a code, for a place whose names may be placeholders. Empty where no row has the code. */
export function usualRemedy<Place>(rows: readonly RefusalRow<Place>[], code: string, place: Place): string {
  const row = rows.find((one) => one.code === code);
  return row?.remedy({ status: null, reasons: [], text: '' }, place) ?? '';
}
