import type { Fact, Note } from '../report/facts.ts';
import { fold } from '../report/fold.ts';
import type { Report } from '../report/model.ts';

/** The facts of a run as they arrive, and the report that they make. */
export interface Journal {
  note: Note;
  /** The report as of now. */
  report(): Report;
}

/** Begins a journal. `onFact` is called after each fact, with the report that has it. */
export function startJournal(start: Report, onFact: (fact: Fact, report: Report) => void = () => {}): Journal {
  let report = start;
  return {
    note(fact) {
      report = fold(report, fact);
      onFact(fact, report);
    },
    report: () => report,
  };
}
