import { packageRootOf } from '../clients/runner/identity.ts';
import { pageModel } from '../history/page/model.ts';
import { readSeries, writePage } from '../publish/history.ts';
import { refuse } from './command.ts';
import { exitCode } from './exit-codes.ts';
import { openStore } from './history-store.ts';

/** Writes the history of a series as `index.html` in the folder `out`. Returns the exit code. */
export async function pageCommand(
  { where, branch, series, out }: { where: string; branch: string | undefined; series: string; out: string },
  env: Readonly<Record<string, string | undefined>>,
  write: (line: string) => void,
): Promise<number> {
  const opened = openStore({ where, branch }, env);
  if ('problems' in opened) return refuse(...opened.problems);
  const { records, skipped } = await readSeries(opened.store, series);
  const model = pageModel(series, records, { unreadable: skipped });
  const path = await writePage(out, packageRootOf(process.argv[1] ?? ''), model);
  write(`${path}: ${model.heading}; ${records.length} runs`);
  return exitCode('pass');
}
