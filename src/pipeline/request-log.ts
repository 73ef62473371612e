import { finishLeft, lineFile } from '../clients/files/line-file.ts';
import { errorText } from '../lib/failure.ts';
import { deadline, orAbort } from '../lib/poll.ts';
import type { BlockRun } from '../load/closed-loop.ts';
import { rawResultLines } from '../load/raw-results.ts';
import type { Emit } from '../progress/events.ts';

/** The requests of a run, which are written to disk block by block: millions of them would not fit into memory. */
export interface RequestLog {
  /** Writes the requests of a block behind those before it. Never rejects: what cannot be written is a warning, once. */
  keep(block: Pick<BlockRun, 'startMs' | 'records'>): Promise<void>;
  /** Gives the file its name, once there is nothing more to come. Never rejects. */
  finish(): Promise<void>;
}

const FILE = 'requests.jsonl';
/** Requests whose lines are in memory at once. */
const BATCH = 2_000;
/** A folder on a network share or a device may never respond. */
const LIMIT_MS = 10_000;

/** The log of one run, in its output folder. Times in it count from the start of the first block. `redact` blanks secrets. */
export function requestLog(options: { outputDir: string; emit: Emit; redact: (text: string) => string }): RequestLog {
  const file = lineFile(options.outputDir, FILE);
  let originMs: number | null = null;
  let isLost = false;
  const attempt = async (write: () => Promise<void>): Promise<void> => {
    if (isLost) return;
    try {
      await orAbort(write(), deadline(new AbortController().signal, LIMIT_MS));
    } catch (error) {
      isLost = true;
      options.emit({
        type: 'warning',
        text: `the requests were not written to ${options.outputDir}: ${errorText(error)}`,
      });
      void file.discard();
    }
  };
  return {
    keep: ({ startMs, records }) =>
      attempt(async () => {
        originMs ??= startMs;
        for (let from = 0; from < records.length; from += BATCH) {
          const lines = [...rawResultLines(records.slice(from, from + BATCH), originMs)];
          await file.append(options.redact(lines.join('')));
        }
      }),
    finish: () => attempt(() => file.finish()),
  };
}

/** What a killed run has left of its requests, which get their name once it is asked to finish. Never rejects. */
export function leftRequests({ outputDir, emit }: { outputDir: string; emit: Emit }): Pick<RequestLog, 'finish'> {
  return {
    async finish() {
      try {
        await orAbort(finishLeft(outputDir, FILE), deadline(new AbortController().signal, LIMIT_MS));
      } catch (error) {
        const text = `the requests of the run that was killed stay in an unnamed file of ${outputDir}: ${errorText(error)}`;
        emit({ type: 'warning', text });
      }
    },
  };
}
