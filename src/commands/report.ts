import { parseArgs } from 'node:util';
import { readText } from '../clients/files/write.ts';
import { Failure } from '../lib/failure.ts';
import { neutral } from '../progress/actions.ts';
import { renderComment } from '../report/comment/comment.ts';
import { renderSummary } from '../report/comment/summary.ts';
import { comparisonLines } from '../report/compare.ts';
import { benchmarkEntries } from '../report/formats/benchmark-action.ts';
import { junit } from '../report/formats/junit.ts';
import { llmDReport } from '../report/formats/llm-d.ts';
import { openMetrics } from '../report/formats/openmetrics.ts';
import { renderVerdictText } from '../report/formats/text.ts';
import type { Report } from '../report/model.ts';
import { linksOf } from '../report/money.ts';
import { parseReport } from '../report/parse.ts';
import { compareReports } from '../verdict/compare.ts';

const json = (value: unknown) => JSON.stringify(value, null, 2);

/** What `report --format` knows; each renders the one file that a run leaves. */
const FORMATS: Record<string, (report: Report) => string> = {
  text: (report) => renderVerdictText(report).join('\n'),
  comment: (report) => renderComment(report, { id: 'default', reportLinks: linksOf(report) }),
  summary: (report) => renderSummary(report, { reportLinks: linksOf(report) }),
  json: (report) => json(report),
  'llm-d-one': (report) => json(llmDReport(report, 'one')),
  'llm-d-all': (report) => json(llmDReport(report, 'all')),
  'benchmark-action': (report) => json(benchmarkEntries(report)),
  openmetrics: (report) => openMetrics(report).trimEnd(),
  junit: (report) => junit(report).trimEnd(),
};

export const REPORT_FORMATS: readonly string[] = Object.keys(FORMATS);

/** `tpu-serving-gate report FILE`: a result.json again, in any of our formats. Exits with 3 for bad usage. */
export async function reportCommand(args: string[], write: (text: string) => void): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { format: { type: 'string', default: 'text' } },
  });
  const [file, ...more] = positionals;
  const render = FORMATS[values.format];
  const problems = [
    file === undefined || more.length > 0 ? 'Give one file: the result.json of a run.' : null,
    render ? null : `Format "${values.format}" is not known; allowed: ${REPORT_FORMATS.join(', ')}.`,
  ].filter((problem) => problem !== null);
  if (!file || !render || problems.length > 0) {
    for (const problem of problems) process.stderr.write(`${problem}\n`);
    return 3;
  }
  write(render(await readReport(file)));
  return 0;
}

/** `tpu-serving-gate compare A B`: whether the second run is better than the first. Exits with 3 for bad usage. */
export async function compareCommand(args: string[], write: (text: string) => void): Promise<number> {
  const { positionals } = parseArgs({ args, allowPositionals: true, options: {} });
  const [a, b, ...more] = positionals;
  if (!a || !b || more.length > 0) {
    process.stderr.write('Give two files: the result.json of a run, and that of the run to compare with it.\n');
    return 3;
  }
  const lines = comparisonLines(compareReports(await readReport(a), await readReport(b)));
  for (const line of lines) write(neutral(line));
  return 0;
}

/** The report in a file; throws a Failure when it cannot be read. */
export async function readReport(file: string): Promise<Report> {
  const text = await readText(file);
  if (text === null) throw new Failure({ stage: 'report', code: 'no-file', message: `${file} cannot be read.` });
  return parseReport(text);
}
