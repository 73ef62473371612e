import { packageRootOf } from '../clients/runner/identity.ts';
import { pageModel } from '../history/page/model.ts';
import type { HistoryRecord } from '../history/record.ts';
import { readOtherSeries, readSeries, writePage } from '../publish/history.ts';
import { refuse } from './command.ts';
import { exitCode } from './exit-codes.ts';
import { needFolder, openStore } from './history-store.ts';
import { createOutput } from './json-output.ts';

/**
 * Writes a history as `index.html` in the folder `out`, with `series` first. `isJson`: stdout has what was written as one JSON
 * document. Returns the exit code.
 */
export async function pageCommand(
  {
    where,
    branch,
    series,
    out,
    isJson,
  }: { where: string; branch: string | undefined; series: string; out: string; isJson: boolean },
  env: Readonly<Record<string, string | undefined>>,
  write: (line: string) => void,
): Promise<number> {
  const opened = openStore({ where, branch }, env);
  if ('problems' in opened) return refuse(...opened.problems);
  await needFolder({ where, branch });
  const { records, skipped } = await readSeries(opened.store, series);
  if (records.length === 0) return refuse(`Series ${series} has no record in ${where}.`);
  const shown = (one: { series: string; records: HistoryRecord[]; skipped: number }) => {
    const { series, records, skipped } = one;
    return { series, model: pageModel(series, records, { unreadable: skipped }), runs: records.length, skipped };
  };
  const own = shown({ series, records, skipped });
  const others = (await readOtherSeries(opened.store, series)).map(shown);
  const models = [own.model, ...others.map(({ model }) => model)] as const;
  const path = await writePage(out, packageRootOf(process.argv[1] ?? ''), models);
  const output = createOutput(isJson, write);
  const more = others.length > 0 ? `; other series: ${others.map((other) => other.series).join(', ')}` : '';
  output.say(`${path}: ${own.model.heading}; ${own.runs} runs${more}`);
  output.result({
    path,
    series: [own, ...others].map(({ model: { heading }, ...one }) => ({ ...one, heading })),
  });
  return exitCode('pass');
}
