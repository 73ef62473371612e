import type { ActionsIo } from '../clients/runner/actions.ts';
import { packageRootOf } from '../clients/runner/identity.ts';
import type { Inputs } from '../inputs/inputs.ts';
import { annotationOf } from '../report/annotation.ts';
import { placesOf } from '../report/check-run.ts';
import { logLine } from '../report/escape.ts';
import { renderVerdictText } from '../report/formats/text.ts';
import { outputsOf } from '../report/outputs.ts';
import { isSuperseded } from '../report/wording.ts';
import { stepLog } from './action-log.ts';
import { noteChanged, notMeasured, setOutputs } from './action-outputs.ts';
import type { Story } from './execute.ts';
import { type GateEnd, gate } from './gate.ts';
import { runnerState } from './state.ts';
import { stepFolder } from './step-folder.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** The runner shows ten annotations of a step; the verdict is one of them. */
const MOST_PLACES = 9;

/** The half of the main step that begins once the inputs are known to be good. Returns the exit code. */
export async function gateStep(io: ActionsIo, env: Env, inputs: Inputs, story: Story): Promise<number> {
  io.mask(inputs.githubToken);
  const say = stepLog(io);
  // A step that is killed has the outputs that were set until then.
  noteChanged(io)(false);
  const host = {
    inputs,
    env,
    packageRoot: packageRootOf(process.argv[1] ?? ''),
    workspace: env.GITHUB_WORKSPACE ?? process.cwd(),
    outputDir: stepFolder(inputs.outputDir, env, 'gate'),
    say,
    onSecret: io.mask,
    redact: io.redact,
    save: runnerState(io),
    onChanged: noteChanged(io),
    releases: false,
  };
  const end = await gate(host, story);
  const { report, published, changed } = end;
  if (isSuperseded(report)) return notMeasured(io, { text: report.reasons.join(' ') });
  setOutputs(io, outputsOf(report, { ...published, changed }));
  if (inputs.summary) io.appendSummary(published.summary);
  if (published.commentProblem) io.warning(logLine(published.commentProblem, 1_000), 'No comment');
  say({ type: 'closing', verdict: report.verdict, lines: renderVerdictText(report) });
  return annotate(io, end, inputs);
}

/** Annotates the verdict and the lines that it comes from. Returns the exit code. */
function annotate(io: ActionsIo, { report }: GateEnd, inputs: Inputs): number {
  const red = report.verdict !== 'pass' && inputs.failOn.includes(report.verdict);
  const { level, title, message } = annotationOf(report);
  if (red || level === 'error') io.error(message, { title });
  else io[level](message, title);
  // The manifests that ship with the gate are in no pull request.
  const places = inputs.manifests === '' ? [] : placesOf(report).slice(0, MOST_PLACES);
  for (const { file, line, message: wrong, title: named } of places) {
    io.error(logLine(wrong, 500), { title: named, file, startLine: line });
  }
  return red ? 1 : 0;
}
