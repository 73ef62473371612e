import { parseArgs } from 'node:util';
import { packageRootOf } from '../clients/runner/identity.ts';
import { pageModel } from '../history/page/model.ts';
import { readSeries, writePage } from '../publish/history.ts';
import { openStore } from './history-store.ts';

/**
 * `page FOLDER`, or `page --branch NAME`: the history of a series as one page of HTML that needs no network, written to
 * `index.html` in `--out`. Exits with 3 for bad usage.
 */
export async function pageCommand(
  args: string[],
  env: Readonly<Record<string, string | undefined>>,
  write: (line: string) => void,
): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      series: { type: 'string', default: 'default' },
      branch: { type: 'string' },
      out: { type: 'string', default: 'page' },
    },
  });
  const { series, branch, out } = values;
  const [where, ...more] = branch === undefined ? positionals : [branch, ...positionals];
  const opened =
    !where || more.length > 0
      ? { problems: ['Give the FOLDER of a history, or --branch NAME; and --series NAME, --out FOLDER.'] }
      : openStore({ where, branch }, env);
  if ('problems' in opened) {
    process.stderr.write(`${opened.problems.join('\n')}\n`);
    return 3;
  }
  const { records, skipped } = await readSeries(opened.store, series);
  const model = pageModel(series, records, { unreadable: skipped });
  const path = await writePage(out, packageRootOf(process.argv[1] ?? ''), model);
  write(`${path}: ${model.heading}; ${records.length} runs`);
  return 0;
}
