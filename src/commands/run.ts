import { parseArgs } from 'node:util';
import { packageRootOf } from '../clients/runner/identity.ts';
import { isTerminal, liveLine } from '../clients/runner/terminal.ts';
import { ALIASES, DEFAULTS, parseInputs } from '../inputs/inputs.ts';
import { systemClock } from '../lib/poll.ts';
import { releaseStage, runGate, type Session } from '../pipeline/connect.ts';
import type { PipelineResult } from '../pipeline/pipeline.ts';
import { beginReport, runSignal } from '../pipeline/start.ts';
import { neutral } from '../progress/actions.ts';
import type { Emit } from '../progress/events.ts';
import { jsonRenderer } from '../progress/json.ts';
import { plainRenderer } from '../progress/plain.ts';
import { terminalRenderer } from '../progress/terminal.ts';
import { concludeDeployment, type DeploymentRef } from '../publish/deployment.ts';
import { liveComment } from '../publish/live-comment.ts';
import { publish } from '../publish/publish.ts';
import { renderVerdictText } from '../report/formats/text.ts';
import type { Report, Verdict } from '../report/model.ts';
import type { LeaseState } from '../stages/context.ts';
import { resizeCommand } from '../stages/release/release.ts';
import { withoutLease } from '../stages/release/released-report.ts';

const CODES: Record<Verdict, number> = { pass: 0, fail: 1, error: 2, inconclusive: 4, invalid: 4 };
const COMMENT_LIMIT_MS = 20_000;

/**
 * `tpu-serving-gate run`: the whole gate in one process. The command line has no post step, so it gives the nodes back
 * before it exits, a second interrupt notwithstanding.
 */
export async function runCommand(args: string[], env: Readonly<Record<string, string | undefined>>): Promise<number> {
  const source = inputsFrom(args, env);
  const parsed = parseInputs(source);
  if ('problems' in parsed || source.strayWords) {
    const problems = 'problems' in parsed ? parsed.problems : [];
    // The word itself is not repeated: it may be a secret whose flag was forgotten.
    if (source.strayWords) problems.unshift('A word belongs to no flag; give each choice as --name value.');
    for (const problem of problems) process.stderr.write(`${problem}\n`);
    return 3;
  }
  const { inputs } = parsed;
  const secrets = new Set<string>([inputs.githubToken].filter((secret) => secret !== ''));
  const say = await rendererFor(source.show, env, (line) => neutral(redact(line, secrets)));
  process.on('unhandledRejection', (reason) => say({ type: 'warning', text: `unhandled: ${String(reason)}` }));
  // Whoever read the output has gone; the nodes must be given back all the same.
  process.stdout.on('error', () => {});
  const run = runSignal(inputs.timeoutMs);
  process.on('uncaughtException', run.crash);
  const report = beginReport(inputs, env);
  const live = liveComment(report, { inputs, env, signal: run.signal, say });
  const { emit } = live;
  const session: Session = {
    inputs,
    env,
    clock: systemClock,
    signal: run.signal,
    emit,
    onSecret: (secret) => secrets.add(secret),
    report,
    packageRoot: packageRootOf(process.argv[1] ?? ''),
    workspace: process.cwd(),
  };
  let lease: LeaseState | null = null;
  let deployment: DeploymentRef | null = null;
  let measured: Pick<PipelineResult, 'records' | 'originMs' | 'evidence'> = {
    records: [],
    originMs: 0,
    evidence: null,
  };
  let closed: Report;
  try {
    const saveDeployment = (ref: DeploymentRef) => {
      deployment = ref;
    };
    measured = await runGate(
      session,
      (state) => {
        const isNew = lease?.phase !== 'held' && state.phase === 'held';
        lease = state;
        if (!isNew) return;
        emit({
          type: 'fact',
          stage: 'lease',
          text: `if this process is killed, finish by hand: ${resizeCommand(state)}`,
        });
      },
      saveDeployment,
    );
  } finally {
    closed = await closedBy(session, report, lease);
  }
  await concludeDeployment(deployment, closed, session);
  await live.settled();
  const published = await publish(closed, {
    inputs,
    env,
    outputDir: inputs.outputDir || 'tpu-serving-gate-results',
    emit,
    redact: (text) => redact(text, secrets),
    signal: new AbortController().signal,
    limitMs: COMMENT_LIMIT_MS,
    requests: measured,
    evidence: measured.evidence,
  });
  const lines = renderVerdictText(closed);
  if (published.resultPath) lines.push(`result      ${published.resultPath}`);
  emit({ type: 'closing', verdict: closed.verdict, lines });
  if (closed.release?.outcome === 'failed') return 2;
  return run.interrupted() ? 130 : CODES[closed.verdict];
}

/** The report with what became of the nodes: given back, kept, or never leased. */
async function closedBy(session: Session, report: Report, lease: LeaseState | null): Promise<Report> {
  if (!lease) return withoutLease(report);
  return lease.kept ? report : releaseStage(session, report, lease);
}

/** How progress is told: `--json`, `--quiet`, a live line where somebody sits at a terminal, else plain lines. */
async function rendererFor(
  show: 'json' | 'quiet' | null,
  env: Readonly<Record<string, string | undefined>>,
  safe: (line: string) => string,
): Promise<Emit> {
  const { now } = systemClock;
  const write = (line: string) => {
    process.stdout.write(`${safe(line)}\n`);
  };
  if (show === 'json') return jsonRenderer({ now, write });
  const plain = plainRenderer({ now, write });
  if (show === 'quiet') return (event) => event.type === 'closing' && plain(event);
  if (!isTerminal(process.stdout, env)) return plain;
  const live = await liveLine(process.stdout);
  return terminalRenderer({
    now,
    live: {
      show: (text) => live.show(text && (() => safe(text()))),
      print: (line) => live.print(safe(line)),
    },
  });
}

function inputsFrom(args: string[], env: Readonly<Record<string, string | undefined>>) {
  const names = [...Object.keys(DEFAULTS), ...Object.values(ALIASES).flat()];
  const options = {
    ...Object.fromEntries(names.map((name) => [name, { type: 'string' as const }])),
    json: { type: 'boolean' as const },
    quiet: { type: 'boolean' as const },
  };
  // Not strict: a near miss gets its answer from the inputs, together with everything else that is wrong.
  const { values, positionals } = parseArgs({ args, options, strict: false, allowPositionals: true });
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
  return {
    get: (name: string) => text(values[name]) ?? (name === 'github-token' ? env.GITHUB_TOKEN : undefined),
    given: Object.keys(values).filter((name) => name !== 'json' && name !== 'quiet'),
    show: values.json === true ? ('json' as const) : values.quiet === true ? ('quiet' as const) : null,
    env,
    // The value of a flag that is not known looks the same, and that flag is told of already.
    strayWords: positionals.length > 0 && Object.keys(values).every((name) => name in options),
  };
}

function redact(line: string, secrets: ReadonlySet<string>): string {
  let clean = line;
  for (const secret of secrets) if (secret.length >= 8) clean = clean.replaceAll(secret, '***');
  return clean;
}
