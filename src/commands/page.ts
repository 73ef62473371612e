import { packageRootOf } from '../clients/runner/identity.ts';
import { pageModel } from '../history/page/model.ts';
import { readOtherSeries, readSeries, writePage } from '../publish/history.ts';
import { refuse } from './command.ts';
import { exitCode } from './exit-codes.ts';
import { needFolder, openStore } from './history-store.ts';

/** Writes a history as `index.html` in the folder `out`, with `series` first. Returns the exit code. */
export async function pageCommand(
  { where, branch, series, out }: { where: string; branch: string | undefined; series: string; out: string },
  env: Readonly<Record<string, string | undefined>>,
  write: (line: string) => void,
): Promise<number> {
  const opened = openStore({ where, branch }, env);
  if ('problems' in opened) return refuse(...opened.problems);
  await needFolder({ where, branch });
  const { records, skipped } = await readSeries(opened.store, series);
  if (records.length === 0) return refuse(`Series ${series} has no record in ${where}.`);
  const model = pageModel(series, records, { unreadable: skipped });
  const others = (await readOtherSeries(opened.store, series)).map((other) =>
    pageModel(other.series, other.records, { unreadable: other.skipped }),
  );
  const path = await writePage(out, packageRootOf(process.argv[1] ?? ''), [model, ...others]);
  const more = others.length > 0 ? `; other series: ${others.map((other) => other.series).join(', ')}` : '';
  write(`${path}: ${model.heading}; ${records.length} runs${more}`);
  return exitCode('pass');
}
