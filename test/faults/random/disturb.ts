import { type ChildProcess, execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Job, Launch, StepResult } from '../../e2e/fake-runner.ts';
import { SERVERS, type WholeWorld } from '../whole-world.ts';
import type { AdminCluster } from './cluster.ts';
import type { Disturbance, Plan, Step } from './plan.ts';
import { clockPreload, diskPreload } from './preload.ts';

type Network = Extract<Disturbance, { kind: 'network' }>;

/** Seconds that a step may take: its own limits, with what publishing and a busy machine add. */
const LIMITS_S: Record<Step, number> = { main: 120, post: 100, sweep: 120 };

export interface StepEnd extends StepResult {
  /** Whether it had to be killed for its time. */
  overdue: boolean;
}

/** Runs one step with all that the plan does to it. */
export async function disturbedStep(
  step: Step,
  plan: Plan,
  { world, admin, job, env }: { world: WholeWorld; admin: AdminCluster; job: Job; env: Record<string, string> },
): Promise<StepEnd> {
  const disturbances = plan[step];
  const launch = prepare(disturbances, job, env);
  const since = performance.now();
  disturbNetwork(world, disturbances, since);
  const { child, done } = job[step](launch);
  const timers = disturbances.flatMap((one) => schedule(one, child, admin));
  let overdue = false;
  timers.push(
    setTimeout(() => {
      overdue = true;
      send(child, 'SIGKILL', true);
    }, LIMITS_S[step] * 1_000),
  );
  const ended = await done;
  for (const timer of timers) clearTimeout(timer);
  for (const server of SERVERS) world.proxies[server].arm(null, 0);
  if (launch.stdout !== undefined) closeSync(launch.stdout);
  return { ...ended, overdue };
}

/** What has to be there before the process starts. */
function prepare(disturbances: readonly Disturbance[], job: Job, env: Record<string, string>): Launch {
  const launch: Launch & { nodeArgs: string[]; env: Record<string, string> } = {
    ownGroup: true,
    nodeArgs: [],
    env: { ...env },
  };
  for (const one of disturbances) {
    if (one.kind === 'clock') launch.nodeArgs.push(...clockPreload(one));
    if (one.kind === 'full-disk') launch.nodeArgs.push(...diskPreload(one));
    if (one.kind === 'file-limit') launch.fileBytes = one.bytes;
    if (one.kind === 'full-file') launch.env[one.file] = '/dev/full';
    if (one.kind === 'full-stdout' && launch.stdout === undefined) launch.stdout = openSync('/dev/full', 'w');
    if (one.kind === 'stuck-file') blockFile(one.place, job);
  }
  return launch;
}

function blockFile(place: Extract<Disturbance, { kind: 'stuck-file' }>['place'], job: Job): void {
  const folder = join(job.temp, 'tpu-serving-gate', '__self');
  const fifo = (path: string) => {
    rmSync(path, { recursive: true, force: true });
    mkdirSync(join(path, '..'), { recursive: true });
    execFileSync('mkfifo', [path]);
  };
  if (place === 'manifests') {
    fifo(join(job.workspace, 'manifests', 'kustomization.yaml'));
    job.inputs.manifests = 'manifests';
  } else if (place === 'folder') fifo(folder);
  else fifo(join(folder, place));
}

function disturbNetwork(world: WholeWorld, disturbances: readonly Disturbance[], since: number): void {
  const all = disturbances.filter((one): one is Network => one.kind === 'network');
  for (const server of SERVERS) {
    const here = all.filter((one) => one.server === server);
    let asked = 0;
    world.proxies[server].disturb((request) => {
      const now = performance.now() - since;
      asked += 1;
      const hit = here.find(
        ({ atMs, forMs, path, share }) =>
          now >= atMs && now < atMs + forMs && (path === null || `${request}$`.includes(path)) && meets(asked, share),
      );
      return hit?.fault ?? null;
    });
  }
}

/** Spreads a share of the requests evenly, without a draw of its own. */
function meets(nth: number, share: number): boolean {
  return Math.floor(nth * share) > Math.floor((nth - 1) * share);
}

function schedule(one: Disturbance, child: ChildProcess, admin: AdminCluster): NodeJS.Timeout[] {
  const after = (ms: number, act: () => void) => setTimeout(act, ms);
  if (one.kind === 'signal') {
    const { times, signal, group, atMs } = one;
    return Array.from({ length: times }, (_, nth) => after(atMs + nth * 150, () => send(child, signal, group)));
  }
  if (one.kind === 'cancel') {
    return [
      after(one.atMs, () => send(child, 'SIGINT', false)),
      after(one.atMs + 7_500, () => send(child, 'SIGTERM', false)),
      after(one.atMs + 10_000, () => send(child, 'SIGKILL', false)),
    ];
  }
  if (one.kind === 'closed-stdout') return [after(one.atMs, () => child.stdout?.destroy())];
  if (one.kind === 'lease') return [after(one.atMs, () => void admin.overwriteLease(one.how).catch(() => {}))];
  return [];
}

function send(child: ChildProcess, signal: NodeJS.Signals, group: boolean): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(group ? -child.pid : child.pid, signal);
  } catch {
    // It has ended.
  }
}
