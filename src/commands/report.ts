import { parseArgs } from 'node:util';
import { readText } from '../clients/files/write.ts';
import { Failure } from '../lib/failure.ts';
import { neutral } from '../progress/actions.ts';
import { comparisonLines } from '../report/compare.ts';
import { FORMATS } from '../report/formats/registry.ts';
import type { Report } from '../report/model.ts';
import { parseReport } from '../report/parse.ts';
import { compareReports } from '../verdict/compare.ts';

/** What `report --format` takes. */
export const REPORT_FORMATS: readonly string[] = FORMATS.map(({ name }) => name);

/** `tpu-serving-gate report FILE`: a result.json again, in any of our formats. Exits with 3 for bad usage. */
export async function reportCommand(args: string[], write: (text: string) => void): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { format: { type: 'string', default: 'text' } },
  });
  const [file, ...more] = positionals;
  const format = FORMATS.find(({ name }) => name === values.format);
  const problems = [
    file === undefined || more.length > 0 ? 'Give one file: the result.json of a run.' : null,
    format ? null : `Format "${values.format}" is not known; allowed: ${REPORT_FORMATS.join(', ')}.`,
  ].filter((problem) => problem !== null);
  if (!file || !format || problems.length > 0) {
    for (const problem of problems) process.stderr.write(`${problem}\n`);
    return 3;
  }
  write(format.render(await readReport(file), { commentId: 'default' }).trimEnd());
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
