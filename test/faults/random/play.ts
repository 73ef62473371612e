import { LAB } from '../../../lab/lab.ts';
import type { Job } from '../../e2e/fake-runner.ts';
import { nodesLeft } from '../whole-cases.ts';
import { startWholeWorld, type WholeWorld } from '../whole-world.ts';
import { type AdminCluster, adminCluster } from './cluster.ts';
import { disturbedStep, type StepEnd } from './disturb.ts';
import { type Plan, planOf } from './plan.ts';

/** Runs in one lab before it is replaced: its records grow, and each request for them with it. */
const RUNS_PER_WORLD = 20;

export interface RandomWorld {
  whole: WholeWorld;
  admin: AdminCluster;
  close(): Promise<void>;
}

/** A lab with objects of others in it. */
async function startRandomWorld(): Promise<RandomWorld> {
  const whole = await startWholeWorld();
  const admin = adminCluster(whole.lab);
  await admin.plantForeign();
  return {
    whole,
    admin,
    async close() {
      await admin.close();
      await whole.close();
    },
  };
}

export interface RandomOutcome {
  plan: Plan;
  /** What does not hold; empty when the run was survived. */
  broken: string[];
  /** Nodes are left, and the run was red with the command or an issue. */
  isRedLeak: boolean;
  /** How each step ended. */
  ends: string[];
  /** Logs of the steps. */
  log: string;
}

/** Whole runs under random disturbances, one after the other, in labs that are replaced when they are used up. */
export function randomPlayer(seed: number, without: readonly string[]) {
  let world: RandomWorld | null = null;
  let played = 0;
  const replace = async () => {
    await world?.close();
    world = null;
    played = 0;
  };
  return {
    async play(index: number): Promise<RandomOutcome> {
      if (played >= RUNS_PER_WORLD) await replace();
      world ??= await startRandomWorld();
      played += 1;
      const plan = planOf(seed, index, without);
      const { outcome, isClean } = await playRandom(world, plan);
      if (!isClean) await replace();
      return outcome;
    },
    close: replace,
  };
}

/** Main, post and the sweeper under a plan, then the sweeper undisturbed; then what is true. */
async function playRandom(world: RandomWorld, plan: Plan): Promise<{ outcome: RandomOutcome; isClean: boolean }> {
  const { whole, admin } = world;
  const { run, job } = whole.newJob();
  Object.assign(job.inputs, { timeout: '35s', 'release-timeout': '20s', 'busy-timeout': '10s' });
  const secrets = [...whole.secrets];
  if (plan.key) secrets.push(useKey(whole, job));
  const env = { TMPDIR: job.temp };
  try {
    const main = await disturbedStep('main', plan, { world: whole, admin, job, env });
    const post = await disturbedStep('post', plan, {
      world: whole,
      admin,
      job,
      env: { ...env, ...stateOf(plan, job) },
    });
    const afterPost = await left(whole);
    await whole.runIsOver(run);
    const sweep = await disturbedStep('sweep', plan, { world: whole, admin, job, env });
    const afterSweep = await left(whole);
    // The sweeper runs every some minutes: the next one is met by nothing.
    const again = afterSweep.any
      ? await disturbedStep('sweep', { ...plan, sweep: [] }, { world: whole, admin, job, env })
      : null;
    const afterAgain = await left(whole);
    const steps = { main, post, sweep, ...(again ? { again } : {}) };
    const broken = [
      ...Object.entries(steps).flatMap(([name, { overdue }]) =>
        overdue ? [`${name} took longer than its limits`] : [],
      ),
      ...leakProblems('post', post, afterPost.nodes),
      ...leakProblems('the sweeper', sweep, afterSweep.nodes),
      ...(again ? leakProblems('the sweeper without faults', again, afterAgain.nodes) : []),
      ...(await secretProblems(whole, job, secrets, Object.values(steps))),
      ...(await admin.foreignChanges()),
      ...(await foreignPools(whole)),
    ];
    const ends = Object.entries(steps).map(([name, { code, signal }]) => `${name} ${signal ?? code}`);
    const log = Object.entries(steps)
      .map(([name, step]) => `== ${name}\n${step.log}`)
      .join('\n');
    return {
      outcome: { plan, broken, isRedLeak: afterAgain.nodes > 0, ends, log },
      isClean: !afterAgain.any && broken.length === 0,
    };
  } finally {
    job.close();
  }
}

async function left(whole: WholeWorld): Promise<{ nodes: number; any: boolean }> {
  const nodes = await nodesLeft(whole);
  return { nodes, any: nodes > 0 || (await whole.leaseIsThere()) };
}

/** Nodes that are left need a step that is red and has the command, unless it was killed before it could write. */
function leakProblems(who: string, { code, signal, log }: StepEnd, nodes: number): string[] {
  if (nodes === 0 || signal !== null) return [];
  if (code === 0) return [`${who} was green and ${nodes} nodes are left`];
  return /gcloud container clusters resize|tpu-serving-gate (?:cleanup|sweep)/.test(log)
    ? []
    : [`${who} was red without the command`];
}

async function secretProblems(
  whole: WholeWorld,
  job: Job,
  secrets: readonly string[],
  steps: readonly StepEnd[],
): Promise<string[]> {
  const { comments, issues, deployments } = await whole.github();
  const written = [
    ...steps.map(({ log }) => log.replaceAll(/^::add-mask::.*$/gm, '')),
    ...job.files(),
    JSON.stringify([comments, issues, deployments]),
  ].join('\n');
  return secrets.flatMap((secret) => {
    const at = written.indexOf(secret);
    return at < 0 ? [] : [`a secret was written: …${written.slice(Math.max(0, at - 80), at)}[the secret]`];
  });
}

/** Preflight tries the permission on a pool that nobody has. */
async function foreignPools(whole: WholeWorld): Promise<string[]> {
  const { requests } = await whole.gcp();
  const own = `/nodePools/${LAB.nodePool}:setSize`;
  return requests
    .filter(({ path }) => path.endsWith(':setSize') && !path.endsWith(own) && !path.includes('permission-probe'))
    .map(({ path }) => `another pool was resized: ${path}`);
}

/** The job authenticates by a service account key. Returns a line of its private part. */
function useKey({ lab, proxies }: WholeWorld, job: Job): string {
  const key = lab.serviceAccountKey.replaceAll(lab.gcp.url, proxies.google.origin);
  delete job.inputs['workload-identity-provider'];
  job.inputs['credentials-json'] = key;
  const { private_key: pem } = JSON.parse(key) as { private_key: string };
  return pem.split('\n')[5] as string;
}

/** The variables of the state that the runner gives to post, where they are not what main saved. */
function stateOf({ state }: Plan, job: Job): Record<string, string> {
  const saved = job.state();
  if (state === 'kept') return {};
  if (state === 'lost') return Object.fromEntries(Object.keys(saved).map((name) => [`STATE_${name}`, '']));
  const { lease = '' } = saved;
  if (lease === '') return {};
  return { STATE_lease: { null: 'null', truncated: lease.slice(0, lease.length / 2), emptied: '' }[state] };
}
