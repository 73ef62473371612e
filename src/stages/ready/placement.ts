import type { Pod } from '../../clients/kubernetes/kinds.ts';
import { Failure } from '../../lib/failure.ts';
import { chipsAskedBy } from '../../stack/pods.ts';
import type { Prepared, StageContext } from '../context.ts';
import { nodesOfBase } from '../lease/lease-state.ts';
import { poolNodes, type TpuNode } from '../lease/nodes.ts';
import type { ReadyStack } from './ready.ts';

/**
 * Holds the living replicas to the lease: each on a node of the leased pool, with TPU chips of its own, and each with as
 * many as the others. Manifests alone do not show it, for webhooks, presets and LimitRanges change pods as they are made.
 * Throws a Failure for a replica that is elsewhere: whatever it serves, the leased nodes do not.
 */
export async function checkPlacement(
  context: Pick<StageContext, 'kube' | 'emit'>,
  prepared: Pick<Prepared, 'pool' | 'base'>,
  { replicas }: Pick<ReadyStack, 'replicas'>,
): Promise<void> {
  const pool = prepared.pool.name;
  const nodes = await poolNodes(context.kube, pool);
  const problem = misplaced(replicas, nodes, pool);
  if (problem) throw problem;
  const empty = nodes.filter(({ name }) => !replicas.some(({ spec }) => spec?.nodeName === name));
  // The replicas of the base stack are not listed here; their nodes are not empty.
  if (empty.length <= nodesOfBase(prepared)) return;
  const names = empty.map(({ name }) => name).join(', ');
  context.emit({ type: 'warning', text: `no replica runs on ${names} of the leased pool ${pool}` });
}

/** Why the replicas are not where they were leased for; null when all are. Pure. */
function misplaced(replicas: readonly Pod[], nodes: readonly TpuNode[], pool: string): Failure | null {
  const nodeOf = ({ spec }: Pod) => nodes.find(({ name }) => name === spec?.nodeName);
  const outside = replicas.filter((pod) => !nodeOf(pod));
  const [first] = outside;
  if (first) {
    const used = new Set(replicas.flatMap((pod) => nodeOf(pod)?.name ?? []));
    const places = outside.map((pod) => `${pod.metadata.name} on ${pod.spec?.nodeName ?? 'no node'}`);
    const chips = chipsAskedBy(first);
    return failure('replica-elsewhere', {
      message: `${count(outside.length, 'replica')} of ${replicas.length} ${outside.length === 1 ? 'runs' : 'run'} outside of the leased node pool ${pool} (${places.join(', ')}), and ${nodes.length - used.size} of its ${nodes.length} nodes hold no replica.`,
      hint: `The pods ask for ${chips === 0 ? 'no' : chips} google.com/tpu. Request all chips of a node and select its pool in spec.template; a mutating webhook, a preset of KServe or a LimitRange may have changed the pods.`,
      evidence: { text: places.join('; '), chips },
    });
  }
  const without = replicas.filter((pod) => chipsAskedBy(pod) === 0);
  if (without.length > 0) {
    const names = without.map(({ metadata }) => metadata.name).join(', ');
    return failure('replica-without-chips', {
      message: `${names} ${without.length === 1 ? 'asks' : 'ask'} for no google.com/tpu, so no chip of the leased nodes is ${without.length === 1 ? 'its' : 'theirs'}.`,
      hint: 'Request all chips of a node in resources.requests and resources.limits of the model server; a mutating webhook, a preset of KServe or a LimitRange may have changed the pods.',
      evidence: { text: names },
    });
  }
  return unequal(replicas, nodeOf);
}

function unequal(replicas: readonly Pod[], nodeOf: (pod: Pod) => TpuNode | undefined): Failure | null {
  const rows = replicas.map((pod) => ({ pod, asked: chipsAskedBy(pod), has: nodeOf(pod)?.chips ?? 0 }));
  const isOdd = rows.some(({ asked, has }) => has < asked || asked !== rows[0]?.asked);
  if (!isOdd) return null;
  const list = rows.map(
    ({ pod, asked, has }) => `${pod.metadata.name} asks for ${asked} and its node ${pod.spec?.nodeName} has ${has}`,
  );
  return failure('replica-chips-differ', {
    message: `The replicas do not all have their chips: ${list.join('; ')}.`,
    hint: 'One replica against all is a comparison only where each has the same chips: look at the templates of the pods, and at the device plugin of the node.',
    evidence: { text: list.join('; ') },
  });
}

function failure(
  code: string,
  { message, hint, evidence }: { message: string; hint: string; evidence: Record<string, unknown> },
): Failure {
  return new Failure({ stage: 'ready', code, message, hint, evidence });
}

function count(amount: number, noun: string): string {
  return `${amount} ${amount === 1 ? noun : `${noun}s`}`;
}
