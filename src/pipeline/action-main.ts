import { join } from 'node:path';
import type { ActionsIo } from '../clients/runner/actions.ts';
import { packageRootOf } from '../clients/runner/identity.ts';
import { type Inputs, parseInputs } from '../inputs/inputs.ts';
import { annotationOf } from '../report/annotation.ts';
import { logLine } from '../report/escape.ts';
import { renderVerdictText } from '../report/formats/text.ts';
import type { Report } from '../report/model.ts';
import { outputsOf } from '../report/outputs.ts';
import { isSuperseded } from '../report/wording.ts';
import { stepLog } from './action-log.ts';
import { noteChanged, notMeasured, refuseInputs, setOutputs } from './action-outputs.ts';
import type { Story } from './execute.ts';
import { type GateEnd, gate } from './gate.ts';
import { runnerState } from './state.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** The runner shows ten annotations of a step; the verdict is one of them. */
const MOST_PLACES = 9;

/**
 * The action's main step for a mode that runs stages. It never releases the nodes: the post step does, from the state
 * that is saved here. Returns the exit code.
 */
export async function runMainStep(io: ActionsIo, env: Env, storyOf: (inputs: Inputs) => Story): Promise<number> {
  const parsed = parseInputs(io.inputs);
  if ('problems' in parsed) return refuseInputs(io, parsed.problems);
  const { inputs } = parsed;
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
  const end = await gate(host, storyOf(inputs));
  const { report, published, changed } = end;
  if (isSuperseded(report)) return notMeasured(io, { text: report.reasons.join(' ') });
  setOutputs(io, outputsOf(report, { ...published, changed }));
  if (inputs.summary) io.appendSummary(published.summary);
  if (published.commentProblem) io.warning(logLine(published.commentProblem, 1_000), 'No comment');
  say({ type: 'closing', verdict: report.verdict, lines: renderVerdictText(report) });
  return annotate(io, end, inputs);
}

/** The folder of result files. Two steps of one job must not read each other's report. */
export function stepFolder(given: string, env: Env, fallback: string): string {
  return given || join(env.RUNNER_TEMP ?? '.', 'tpu-serving-gate', env.GITHUB_ACTION ?? fallback);
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

function placesOf({ failure, diagnosis }: Report) {
  return [
    ...(failure?.locations ?? []).map((place) => ({ ...place, title: 'Refused manifest' })),
    ...(diagnosis?.locations ?? []).map((place) => ({ ...place, title: 'Cause' })),
  ];
}
