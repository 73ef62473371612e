import { Failure, toFailure } from '../../lib/failure.ts';
import type { PreflightCheck } from '../../report/model.ts';

/** What a check found, with a value for the checks that build on it. */
export interface Seen<T> {
  value: T;
  seen: string;
  /** `pass` without. */
  outcome?: 'pass' | 'warning' | 'not-checked';
  remedy?: string;
}

/** What a check answers that has nothing to hand on. */
export type Look = Omit<Seen<null>, 'value'>;

export interface Table {
  /**
   * Makes a check and notes its line, in the order of the calls, whatever ends first. A Failure becomes a failed line,
   * and the answer is null: nothing else waits for it, nothing else is stopped by it.
   */
  check<T>(id: string, title: string, run: () => Promise<Seen<T>>): Promise<T | null>;
  /** A check without a value. */
  look(id: string, title: string, run: () => Promise<Look>): Promise<void>;
  /** Throws when a line has failed: that failure, or one that names all of them. */
  settle(): void;
}

/**
 * The table of preflight. `note` is given all lines whenever one of them changes, so that the report has what is known
 * at any moment.
 */
export function preflightTable(note: (lines: readonly PreflightCheck[]) => void, signal: AbortSignal): Table {
  const lines: PreflightCheck[] = [];
  const failures = new Map<PreflightCheck, Failure>();
  const check = async <T>(id: string, title: string, run: () => Promise<Seen<T>>): Promise<T | null> => {
    const line: PreflightCheck = {
      id,
      title,
      outcome: 'not-checked',
      seen: 'the check did not end',
      remedy: null,
      code: null,
      blame: null,
    };
    lines.push(line);
    note(lines);
    try {
      const { value, seen, outcome = 'pass', remedy } = await run();
      Object.assign(line, { outcome, seen, remedy: remedy ?? null });
      note(lines);
      return value;
    } catch (error) {
      signal.throwIfAborted();
      const failure = toFailure(error, 'preflight');
      failures.set(line, failure);
      Object.assign(line, {
        outcome: 'fail',
        seen: failure.message,
        remedy: failure.hint ?? null,
        code: failure.code,
        blame: failure.blame,
      });
      note(lines);
      return null;
    }
  };
  return {
    check,
    look: async (id, title, run) => {
      await check(id, title, async () => ({ value: null, ...(await run()) }));
    },
    settle() {
      const failed = lines.flatMap((line) => failures.get(line) ?? []).sort((a, b) => rootFirst(a) - rootFirst(b));
      const [first, ...more] = failed;
      if (!first) return;
      if (more.length === 0) throw first;
      throw new Failure({
        stage: 'preflight',
        code: first.code,
        message: `${failed.length} of ${lines.length} preflight checks failed: ${failed.map(({ message }) => message.replace(/\.$/, '')).join('; ')}.`,
        ...(first.hint ? { hint: first.hint } : {}),
        blame: first.blame,
        cause: first,
        evidence: {
          ...first.evidence,
          locations: failed.flatMap(({ evidence: { locations } }) => (Array.isArray(locations) ? locations : [])),
        },
      });
    },
  };
}

/** Without its namespace nothing is found, and no remedy for what is missing in it can be followed. */
function rootFirst({ code }: Failure): number {
  return code === 'namespace-missing' ? 0 : 1;
}
