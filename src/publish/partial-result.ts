import { join } from 'node:path';
import { replaceFile } from '../clients/files/write.ts';
import { redactSecrets } from '../lib/redact.ts';
import type { Report } from '../report/model.ts';

/** Keeps `result.json` up to date while a run goes on, so that a process that is killed leaves what it knew. */
export interface PartialResult {
  /** Begins to write. Never blocks and never fails: the run does not depend on the file. */
  write(report: Report): void;
  /** Resolves when no write is under way. */
  settled(): Promise<void>;
}

/** Writes into `outputDir`; `redact` blanks registered secrets; what looks like one is blanked too. Of reports that arrive during a write, the newest is written next. */
export function partialResult(outputDir: string, redact: (text: string) => string): PartialResult {
  let next: Report | null = null;
  let writing: Promise<void> | null = null;
  const path = join(outputDir, 'result.json');
  const writeAll = async () => {
    while (next) {
      const text = redactSecrets(redact(`${JSON.stringify(next, null, 2)}\n`));
      next = null;
      // A folder that cannot be written to is reported when the result is published.
      await replaceFile(path, text).catch(() => {});
    }
    writing = null;
  };
  return {
    write(report) {
      next = report;
      writing ??= writeAll();
    },
    settled: async () => {
      await writing;
    },
  };
}
