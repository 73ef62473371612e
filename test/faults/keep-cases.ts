import { LAB } from '../../lab/lab.ts';
import type { Job } from '../e2e/fake-runner.ts';
import { countShapes, disarm, FAULTS, nodesLeft, type WholeCase } from './whole-cases.ts';
import { SERVERS, type WholeWorld } from './whole-world.ts';

/**
 * Each request of a run that leaves a stack, met by every fault: in the end the stack is kept, with an end in the cluster's
 * lease, or no node is left. Never nodes that nobody will end.
 */
export async function keepCasesOf(world: WholeWorld): Promise<WholeCase[]> {
  const { job } = keepJob(world);
  try {
    disarm(world);
    const main = await job.main().done;
    const counts = countShapes(world);
    if (main.code !== 0) throw new Error(`the deploy without a fault is not clean:\n${main.log}`);
    const ended = await end(world);
    if (ended.length > 0) throw new Error(ended.join('; '));
    return SERVERS.flatMap((server) =>
      [...counts[server]].flatMap(([shape, count]) =>
        Array.from({ length: count }, (_, nth) =>
          Object.entries(FAULTS).map(
            ([kind, fault]): WholeCase => ({
              ...{ name: `main/${server}/${shape}/${nth}/${kind}`, step: 'main', server, shape, nth, fault },
            }),
          ),
        ).flat(),
      ),
    );
  } finally {
    job.close();
  }
}

function keepJob(world: WholeWorld): { run: number; job: Job } {
  const made = world.newJob();
  Object.assign(made.job.inputs, { mode: 'deploy', comment: 'off', 'expires-in': '2h' });
  return made;
}

/** Main with the fault, post, the sweeper; then the end that a person asks for. */
export async function playKeep(
  world: WholeWorld,
  one: WholeCase,
): Promise<{ broken: string[]; by: string; met: boolean }> {
  const { job, run } = keepJob(world);
  try {
    disarm(world);
    const { child, done } = job.main();
    world.victim.kill = () => {
      for (const server of SERVERS) world.proxies[server].bury();
      child.kill('SIGKILL');
    };
    world.victim.interrupt = () => child.kill('SIGINT');
    world.proxies[one.server].arm(one.fault, one.nth, one.shape);
    const main = await done;
    const met = world.proxies[one.server].met();
    disarm(world);
    const post = await job.post().done;
    const broken: string[] = [];
    const kept = (await world.lease())?.kept !== undefined;
    const nodes = await nodesLeft(world);
    // Nodes without a lease are nobody's; the run has ended, so a lease without an end would be the sweeper's to find.
    if (nodes > 0 && !kept) {
      if (post.code === 0) broken.push('post was green, nodes are left, and no lease says until when');
      await world.runIsOver(run);
      await job.sweep().done;
      if ((await nodesLeft(world)) > 0) broken.push('nodes are left after the sweeper');
    }
    if (kept && nodes === 0) broken.push('the lease keeps a stack whose nodes are gone');
    const said = main.log.includes('keeps 3 nodes for the stack');
    if (main.code === 0 && !kept) broken.push('main was green, and nothing is kept');
    if (kept && main.signal === null && !said) broken.push('a stack is kept, and the log does not say so');
    const [state] = (await world.github()).deployments.slice(-1).map(({ statuses }) => statuses.at(-1)?.state);
    if (!kept && state === 'success') broken.push('GitHub is told that a stack serves which is gone');
    broken.push(...(await end(world)));
    return { broken, by: kept ? 'its end' : 'post', met };
  } finally {
    job.close();
  }
}

/** What is wrong after a cleanup, which is what a person does with a stack. */
async function end(world: WholeWorld): Promise<string[]> {
  const { job } = world.newJob();
  Object.assign(job.inputs, { mode: 'cleanup' });
  try {
    const { code, log } = await job.main().done;
    const { targetSize } = await world.gcp();
    return [
      code === 0 ? null : `the cleanup ended with ${code}: ${log.slice(-400)}`,
      (await nodesLeft(world)) > 0 || (targetSize[LAB.nodePool] ?? 0) > 0 ? 'nodes are left after the cleanup' : null,
      (await world.lease()) === null ? null : 'the lease is left after the cleanup',
    ].filter((text) => text !== null);
  } finally {
    job.close();
  }
}
