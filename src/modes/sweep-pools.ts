import { createGithubIssues, type GithubIssues } from '../clients/github/issues.ts';
import { timerWait } from '../clients/github/retry.ts';
import type { GkeClient } from '../clients/google/gke.ts';
import type { KubeClient } from '../clients/kubernetes/client.ts';
import { runIdentity } from '../clients/runner/identity.ts';
import type { InputSource } from '../inputs/source.ts';
import { parseSweepInputs, type SweepInputs } from '../inputs/sweep.ts';
import { adviceText } from '../lib/failure.ts';
import { systemClock } from '../lib/poll.ts';
import { openCluster } from '../pipeline/connect.ts';
import type { Emit } from '../progress/events.ts';
import { retireDeployment } from '../publish/deployment.ts';
import type { RunIdentity, Swept } from '../report/model.ts';
import { ISSUE_MARKER, ISSUE_TITLE, leaks, renderSweep } from '../report/sweep.ts';
import { holderIdentity } from '../stages/lease/lease-state.ts';
import { SWEEPER_KEY } from '../stages/lease/overwritten.ts';
import { sweep } from '../stages/release/sweep.ts';
import type { SweepContext } from '../stages/release/sweep-context.ts';
import { endSweep, readNote } from '../stages/release/sweep-note.ts';

/** Where a sweep gets its inputs, and where it reports; the action and the command line each have their own. */
export interface SweepIo {
  source: InputSource;
  env: Readonly<Record<string, string | undefined>>;
  signal: AbortSignal;
  emit: Emit;
  onSecret: (secret: string) => void;
  /** One sentence for each bad input. */
  problems: (texts: string[]) => void;
  summary: (markdown: string) => void;
  outputs: (values: Record<'swept' | 'failed' | 'issue-url' | 'last-run', string>) => void;
  /** Ends stacks that are kept as well: that of one pool, or of all. */
  ends?: string | 'all';
  /** Only reports what would be released. */
  dryRun?: boolean;
  /** Called before the first call that changes the cluster; never in a dry run. */
  onChanging?: () => void;
}

export type SweepOutcome = 'done' | 'failed' | 'bad-inputs';

/** Finds leases that have run out and releases their pools; nodes under a lease that is nobody's are a failure. A sweep that cannot list the leases is an error, never silence. */
export async function runSweep(io: SweepIo): Promise<SweepOutcome> {
  const parsed = parseSweepInputs(io.source);
  if ('problems' in parsed) {
    io.problems(parsed.problems);
    return 'bad-inputs';
  }
  const { inputs } = parsed;
  io.onSecret(inputs.githubToken);
  const { env, emit, signal, onSecret } = io;
  const world = await openCluster({ inputs, env, clock: systemClock, signal, emit, onSecret }, 'release');
  try {
    const run = runIdentity(env, { pullRequest: null });
    const access = accessOf(io, inputs, run);
    const held: string[] = [];
    const started = await sweepContext(io, inputs, { world, run, access, held });
    if (!started.dryRun) io.onChanging?.();
    const { lastRanAt, seen } = await readNote(started);
    const context = { ...started, seen };
    const swept = [...(await sweep(context)), ...(await endSweep(context))];
    emit({ type: 'fact', stage: 'release', text: lastRanText(lastRanAt, world.kube.serverTime()) });
    const at = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
    const text = renderSweep(swept, { where: placeOf(inputs), at, lastRanAt, runUrl: run.url });
    const wanted = leaks(swept).length > 0 && inputs.issue ? access : null;
    const issueUrl = wanted ? await issueAbout(text, wanted, emit) : '';
    const failed = swept.filter(({ outcome }) => outcome === 'failed');
    io.summary(text);
    io.outputs({ swept: names(swept), failed: names(failed), 'issue-url': issueUrl, 'last-run': lastRanAt ?? '' });
    for (const sentence of held) emit({ type: 'warning', text: `${sentence} It was left alone.` });
    return failed.length > 0 || held.length > 0 ? 'failed' : 'done';
  } finally {
    await Promise.allSettled([world.gke.close(), world.kube.close()]);
  }
}

type Access = { token: string; repository: string; apiUrl: string | undefined; signal: AbortSignal };

/** GitHub, where there is a token for it and a repository to write into. */
function accessOf(
  { env, signal }: SweepIo,
  { githubToken: token }: SweepInputs,
  { repository }: RunIdentity,
): Access | null {
  return token && repository ? { token, repository, apiUrl: env.GITHUB_API_URL, signal } : null;
}

interface Sweeper {
  world: { gke: GkeClient; kube: KubeClient };
  run: RunIdentity;
  access: Access | null;
  /** Filled with a sentence for each pool that a run holds which was asked to end. */
  held: string[];
}

async function sweepContext(
  io: SweepIo,
  inputs: SweepInputs,
  { world, run, access, held }: Sweeper,
): Promise<SweepContext> {
  const { env, emit, signal } = io;
  const { createGithubRuns } = await import('../clients/github/runs.ts');
  const serverUrl = env.GITHUB_SERVER_URL ?? 'https://github.com';
  const github = access && createGithubRuns({ ...access, serverUrl });
  const runKey = `${SWEEPER_KEY}${run.id}-${run.attempt}`.toLowerCase().replace(/[^a-z0-9-]/g, '-');
  const { projectId, location, cluster } = inputs;
  return {
    ...world,
    clock: systemClock,
    signal,
    emit,
    pollIntervalMs: inputs.pollIntervalMs,
    limitMs: inputs.releaseTimeoutMs,
    namespace: inputs.leaseNamespace,
    holder: { identity: holderIdentity(run, runKey), runKey },
    where: { projectId, location, cluster },
    runEnded: async (page) => (await github?.runEnded(page)) ?? null,
    onEnded: (state) => retireDeployment(state, { inputs, env, emit }),
    onHeld: (pool, by) => held.push(`Node pool ${pool} is held by ${by}, which still runs.`),
    ...(io.ends === undefined ? {} : { ends: io.ends }),
    dryRun: io.dryRun ?? false,
  };
}

function placeOf({ projectId, location, cluster }: SweepInputs): string {
  return `projects/${projectId}/locations/${location}/clusters/${cluster}`;
}

/** Writes the issue. Returns its address, empty where it could not be written. */
async function issueAbout(text: string, access: Access, emit: Emit): Promise<string> {
  try {
    return await writeIssue(createGithubIssues({ ...access, wait: timerWait }), text);
  } catch (error) {
    emit({ type: 'warning', text: `the issue was not written: ${adviceText(error)}` });
    return '';
  }
}

/** Long enough for months of sweeps that found something. */
const ISSUE_MAX = 60_000;

/** The one open issue, with what it said before below the news. Only an issue of our own is written into. */
async function writeIssue(issues: GithubIssues, text: string): Promise<string> {
  const own = (await issues.list()).find(({ open, body }) => open && body.startsWith(ISSUE_MARKER));
  if (!own) return issues.create({ title: ISSUE_TITLE, body: `${ISSUE_MARKER}\n${text}` });
  const before = own.body.slice(ISSUE_MARKER.length).trim();
  const body = `${ISSUE_MARKER}\n${text}\n---\n\n${before}`.slice(0, ISSUE_MAX);
  return issues.update(own.number, { title: ISSUE_TITLE, body, state: 'open' });
}

function names(swept: readonly Swept[]): string {
  return swept.map(({ nodePool }) => nodePool).join(',');
}

function lastRanText(last: string | null, nowMs: number): string {
  if (last === null) return 'this is the first sweep that is known here';
  const minutes = Math.max(0, Math.round((nowMs - Date.parse(last)) / 60_000));
  return `the sweep before this one ended ${minutes} min ago`;
}
