import { readText } from '../clients/files/write.ts';
import { Failure } from '../lib/failure.ts';
import { neutral } from '../progress/actions.ts';
import { comparisonLines } from '../report/compare.ts';
import { FORMATS } from '../report/formats/registry.ts';
import type { Report } from '../report/model.ts';
import { parseReport } from '../report/parse.ts';
import { compareReports } from '../verdict/compare.ts';
import { refuse } from './command.ts';
import { exitCode } from './exit-codes.ts';

/** What `report --format` takes. */
export const REPORT_FORMATS: readonly string[] = FORMATS.map(({ name }) => name);

/** Writes the result.json of one file in a format. Returns the exit code. Throws a Failure for a file that is no result. */
export async function reportCommand(
  files: readonly string[],
  formatName: string,
  write: (text: string) => void,
): Promise<number> {
  const [file, ...more] = files;
  const format = FORMATS.find(({ name }) => name === formatName);
  const problems = [
    file === undefined || more.length > 0 ? 'Give one file: the result.json of a run.' : null,
    format ? null : `Format "${formatName}" is not known; allowed: ${REPORT_FORMATS.join(', ')}.`,
  ].filter((problem) => problem !== null);
  if (!file || !format || problems.length > 0) return refuse(...problems);
  const text = format.render(await readReport(file), { commentId: 'default' }).trimEnd();
  write(text.split('\n').map(neutral).join('\n'));
  return exitCode('pass');
}

/** Writes whether the run of the second file is better than that of the first. Returns the exit code. */
export async function compareCommand(
  files: readonly string[],
  { write, isJson }: { write: (text: string) => void; isJson: boolean },
): Promise<number> {
  const [a, b, ...more] = files;
  if (!a || !b || more.length > 0) {
    return refuse('Give two files: the result.json of a run, and that of the run to compare with it.');
  }
  const compared = compareReports(await readReport(a), await readReport(b));
  if (isJson) {
    write(JSON.stringify(compared, null, 2));
    return exitCode('pass');
  }
  const lines = comparisonLines(compared);
  for (const line of lines) write(neutral(line));
  return exitCode('pass');
}

/** The report in a file; throws a Failure when it cannot be read. */
export async function readReport(file: string): Promise<Report> {
  const text = await readText(file);
  if (text === null) throw new Failure({ stage: 'report', code: 'no-file', message: `${file} cannot be read.` });
  return parseReport(text);
}
