import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LAB } from '../../lab/lab.ts';
import { parseMarker } from '../../src/lib/marker.ts';
import { parseData } from '../../src/report/record.ts';
import type { Job, StepResult } from '../e2e/fake-runner.ts';
import { overlaps } from './cases.ts';
import { type Fault, shapeOf } from './proxy.ts';
import { FIRST_RUN, SERVERS, type Server, type WholeWorld } from './whole-world.ts';

/** One thing that goes wrong at one request of a whole run of the built action. */
export interface WholeCase {
  name: string;
  step: 'main' | 'post';
  server: Server;
  shape: string;
  /** Among the requests of this shape. */
  nth: number;
  fault: Fault;
}

export interface WholeOutcome {
  broken: string[];
  by: 'post' | 'sweeper';
  /** Whether the request came at all: how often a run asks while it waits varies. */
  met: boolean;
}

export const FAULTS: Record<string, Fault> = {
  kill: { kind: 'kill', before: true },
  'kill-after': { kind: 'kill', before: false },
  interrupt: { kind: 'interrupt' },
  'network-cut': { kind: 'cut', ms: 3_000 },
  '503-burst': { kind: 'status', status: 503, times: 4 },
  hang: { kind: 'hang' },
  '401': { kind: 'status', status: 401, times: 1 },
  'lost-reply': { kind: 'lost-reply' },
};

/** A run that is interrupted here has nodes, a workload and a result of its own; a whole one tells post no more. */
const ENOUGH_FOR_POST = {
  shape: `GET /api/v1/namespaces/${LAB.namespace}/pods`,
  fault: { kind: 'interrupt' },
} as const;

/** Each request of a clean run, by its shape and place among those of it, met by every fault. */
export async function wholeCasesOf(world: WholeWorld): Promise<WholeCase[]> {
  // The first run of a cluster retires Pattern 1; those after it do not.
  await cleanRun(world);
  const counts = await cleanRun(world);
  const cases: WholeCase[] = [];
  for (const step of ['main', 'post'] as const) {
    for (const server of SERVERS) {
      for (const [shape, count] of counts[step][server]) {
        for (let nth = 0; nth < count; nth += 1) {
          for (const [kind, fault] of Object.entries(FAULTS)) {
            if (step === 'post' && kind === 'interrupt') continue;
            cases.push({ name: `${step}/${server}/${shape}/${nth}/${kind}`, step, server, shape, nth, fault });
          }
        }
      }
    }
  }
  return cases;
}

async function cleanRun(world: WholeWorld) {
  const { job, run } = world.newJob();
  try {
    disarm(world);
    const main = await job.main().done;
    const told = toldBy(job);
    const inMain = countShapes(world);
    disarm(world);
    const post = await job.post().done;
    const inPost = countShapes(world);
    const broken = await problems(world, run, job, { main, told, post, postKilled: false, from: 0 });
    // A matrix over a run that went wrong by itself would prove nothing.
    if (broken.length > 0) throw new Error(`the run without a fault is not clean: ${broken.join('; ')}\n${main.log}`);
    return { main: inMain, post: inPost };
  } finally {
    job.close();
  }
}

export function countShapes({ proxies }: WholeWorld): Record<Server, Map<string, number>> {
  const count = (server: Server) => {
    const counts = new Map<string, number>();
    for (const request of proxies[server].seen()) {
      const shape = shapeOf(request);
      counts.set(shape, (counts.get(shape) ?? 0) + 1);
    }
    return counts;
  };
  return { google: count('google'), kube: count('kube'), github: count('github') };
}

export function disarm({ proxies }: WholeWorld): void {
  for (const server of SERVERS) proxies[server].arm(null, 0);
}

/**
 * Main, post, and the sweeper where something is left, each as the runner starts it; then what is true. Without a case
 * the lab's scenario is all that goes wrong.
 */
export async function playWhole(world: WholeWorld, one: WholeCase | null): Promise<WholeOutcome> {
  const { job, run } = world.newJob();
  const from = (await world.gcp()).resizes.length;
  const step = (name: 'main' | 'post') => {
    const { child, done } = job[name]();
    world.victim.kill = () => {
      for (const server of SERVERS) world.proxies[server].bury();
      child.kill('SIGKILL');
    };
    world.victim.interrupt = () => child.kill('SIGINT');
    if (!one) return done;
    if (one.step === name) world.proxies[one.server].arm(one.fault, one.nth, one.shape);
    else if (name === 'main') world.proxies.kube.arm(ENOUGH_FOR_POST.fault, 0, ENOUGH_FOR_POST.shape);
    return done;
  };
  try {
    disarm(world);
    const main = await step('main');
    const told = toldBy(job);
    let met = one?.step === 'main' && world.proxies[one.server].met();
    disarm(world);
    const post = await step('post');
    met ||= one?.step === 'post' && world.proxies[one.server].met();
    disarm(world);
    const postKilled = post.signal === 'SIGKILL';
    const broken: string[] = [];
    let by: WholeOutcome['by'] = 'post';
    if ((await nodesLeft(world)) || (await world.leaseIsThere())) {
      by = 'sweeper';
      if (post.code === 0 && (await nodesLeft(world))) broken.push('post was green and nodes are left');
      await world.runIsOver(run);
      const sweep = await job.sweep().done;
      if (sweep.code !== 0) broken.push(`the sweeper ended with ${sweep.code}`);
    }
    broken.push(...(await problems(world, run, job, { main, told, post, postKilled, from })));
    return { broken, by, met };
  } finally {
    job.close();
  }
}

/** Nodes that exist, and those that the pool is asked to hold. */
export async function nodesLeft(world: WholeWorld): Promise<number> {
  const { nodes, targetSize } = await world.gcp();
  return (nodes[LAB.nodePool]?.length ?? 0) + (targetSize[LAB.nodePool] ?? 0);
}

async function problems(
  world: WholeWorld,
  run: number,
  job: Job,
  ended: { main: StepResult; told: string | null; post: StepResult; postKilled: boolean; from: number },
): Promise<string[]> {
  const { main, told, post, postKilled, from } = ended;
  const gcp = await world.gcp();
  const resizes = gcp.resizes.slice(from);
  const last = resizes.at(-1);
  const asked = gcp.requests.filter(({ path }) => path.endsWith(':setSize'));
  const { comments } = await world.github();
  const said = [
    main.log.replaceAll(/^::add-mask::.*$/gm, ''),
    post.log.replaceAll(/^::add-mask::.*$/gm, ''),
    job.summary('main'),
    job.summary('post'),
    JSON.stringify([job.outputs(), job.state()]),
    ...job.files(),
    ...comments.map(({ body }) => body),
  ].join('\n');
  return [
    (await nodesLeft(world)) > 0 ? 'nodes are left' : null,
    (await world.leaseIsThere()) ? 'the lease is left' : null,
    // Preflight tries the permission on a pool that nobody has.
    asked.some(({ path }) => !path.endsWith(`/nodePools/${LAB.nodePool}:setSize`) && !path.includes('permission-probe'))
      ? 'another pool was resized'
      : null,
    last && last.nodeCount !== 0 ? `the last resize asked for ${last.nodeCount} nodes` : null,
    overlaps(gcp) ? 'two operations at once' : null,
    world.secrets.some((secret) => said.includes(secret)) ? 'a secret was told' : null,
    job.outputs().verdict === 'fail' ? 'the change is blamed' : null,
    postKilled || post.code === 0 || post.log.includes('Run by hand: gcloud') ? null : 'red without a command',
    ...lies(run, job, { main, told, postKilled, comments }),
  ].filter((text) => text !== null);
}

/** The verdict that main had written down when it ended, also when it was killed right after. */
function toldBy(job: Job): string | null {
  try {
    const text = readFileSync(join(job.temp, 'tpu-serving-gate', '__self', 'result.json'), 'utf8');
    return (JSON.parse(text) as { verdict: string }).verdict;
  } catch {
    return null;
  }
}

/** What the one comment says that is not so. */
function lies(
  run: number,
  job: Job,
  seen: { main: StepResult; told: string | null; postKilled: boolean; comments: { body: string }[] },
): (string | null)[] {
  const { comments, postKilled, main, told } = seen;
  const body = comments[0]?.body ?? '';
  const marker = parseMarker(body);
  const data = parseData(body);
  const killed = main.signal === 'SIGKILL';
  const { lease = 'none' } = job.state();
  const saved = lease !== 'none';
  // Only a run that died before it had anything to say may say nothing.
  if (comments.length === 0 && killed && !saved) return [];
  if (comments.length !== 1 || !marker) return [`${comments.length} comments`];
  if (marker.run !== String(FIRST_RUN + run)) {
    return [killed && !saved ? null : `the comment is of run ${marker.run}`];
  }
  if (postKilled) return [];
  if (marker.state === 'running') return ['the comment says that the run goes on'];
  const verdict = told ?? 'error';
  return [
    data?.verdict === verdict ? null : `the comment says ${data?.verdict}, and main ${verdict}`,
    killed || job.outputs().verdict === verdict
      ? null
      : `the outputs say ${job.outputs().verdict}, and main ${verdict}`,
    (data?.nodesLeft ?? 0) === 0 ? null : `the comment speaks of ${data?.nodesLeft} nodes`,
    told === null && !body.includes('killed before it had a result') ? 'the comment hides that main was killed' : null,
    !killed && data?.verdict === 'pass' && main.code !== 0 ? 'a pass that is red' : null,
  ];
}
