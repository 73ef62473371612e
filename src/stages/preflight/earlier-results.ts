import { readWorkspaceFile } from '../../clients/files/workspace-file.ts';
import { errorText, Failure } from '../../lib/failure.ts';
import { MODES } from '../../lib/modes.ts';
import type { Report } from '../../report/model.ts';
import { parseReport } from '../../report/parse.ts';
import { baselineFlaw } from '../../verdict/recorded.ts';

const MOST_BYTES = 4 * 1024 * 1024;

/**
 * The result.json of an earlier run, as a recorded baseline of one replica. Throws a Failure (`bad-baseline`) when it is
 * none, or has not measured one replica soundly itself.
 */
export async function readBaseline({ path, root }: { path: string; root: string }): Promise<Report> {
  const text = await readWorkspaceFile({ input: 'baseline', path, root, mostBytes: MOST_BYTES, refused });
  let report: Report;
  try {
    report = parseReport(text);
  } catch (error) {
    throw refused(`"baseline" is "${path}", which is not a result.json of the gate: ${errorText(error)}`);
  }
  const flaw = baselineFlaw(report);
  if (flaw) throw refused(`"baseline" is "${path}", which cannot be a baseline: ${flaw}.`);
  return report;
}

/**
 * The result.json of the last run that passed, for what has changed since. A cache that has none yet is not an error: then
 * there is nothing to compare with, and the line reports that.
 */
export async function readLastPass({
  path,
  root,
}: {
  path: string;
  root: string;
}): Promise<{ value: Report | null; seen: string; outcome?: 'not-checked'; remedy?: string }> {
  const nothing = (seen: string) => ({ value: null, seen, outcome: 'not-checked' as const });
  let report: Report;
  try {
    report = parseReport(await readWorkspaceFile({ input: 'last-pass', path, root, mostBytes: MOST_BYTES, refused }));
  } catch (error) {
    return nothing(`"${path}" cannot be used: ${errorText(error)}`);
  }
  if (report.verdict !== 'pass' || !MODES[report.mode].measures) return nothing(`the run in "${path}" did not pass`);
  const commit = report.run.sha ? `, commit ${report.run.sha.slice(0, 7)}` : '';
  return { value: report, seen: `of ${report.finishedAt ?? 'an unknown time'}${commit}` };
}

function refused(message: string): Failure {
  return new Failure({
    stage: 'preflight',
    code: 'bad-baseline',
    message,
    hint: 'Give the result.json of a run that measured one replica in pairs without a veto, or leave "baseline" out.',
  });
}
