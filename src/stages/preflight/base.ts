import type { Manifest } from '../../clients/files/manifests.ts';
import type { Inputs } from '../../inputs/inputs.ts';
import { Failure } from '../../lib/failure.ts';
import { besideStack, contentHash, sharedPaths } from '../../stack/beside.ts';
import type { ServiceRef } from '../../stack/refs.ts';
import { serviceOf } from '../../stack/service.ts';
import type { Prepared, PreparedBase, StageContext } from '../context.ts';
import { budgetMs } from './budget.ts';
import { dryRun } from './dry-run.ts';
import { checkExisting, type RefuseLiving } from './existing.ts';
import { guard, guardFailure } from './guard.ts';
import { checkServiceShape } from './shape.ts';
import type { Subject } from './subject.ts';
import type { Look } from './table.ts';
import { checkTls } from './tls-rules.ts';

/** The objects of the base branch as they were read, or why they could not be: one sentence. */
export type BaseFiles = { manifests: Manifest[] } | { problem: string };

/** The base stack under names of its own, before the cluster has seen it. */
export interface PlannedBase {
  state: 'planned';
  service: ServiceRef;
  manifests: Manifest[];
  contentHash: string;
  headHash: string;
}

/** What there is to compare with, from the files alone. Nothing that is wrong with the base stack ends the run. */
export function planBase(
  files: BaseFiles,
  head: readonly Manifest[],
  inputs: Pick<Inputs, 'guard' | 'namespace' | 'baseReplicas'>,
): PlannedBase | Exclude<PreparedBase, { state: 'ready' }> {
  if ('problem' in files) return { state: 'not-measured', reason: files.problem };
  const hashes = { contentHash: contentHash(files.manifests), headHash: contentHash(head) };
  if (hashes.contentHash === hashes.headHash) return { state: 'same', contentHash: hashes.contentHash };
  return unlessRefused('The base stack is refused', () => {
    const refusals = guard(files.manifests, inputs.guard);
    if (refusals.length > 0) throw guardFailure(refusals);
    const { namespace, baseReplicas } = inputs;
    // One replica is enough for a base stack.
    const found = serviceOf(files.manifests, { namespace, keep: {} });
    checkServiceShape(found.manifest, found.unread);
    const replicas = baseReplicas === 'one' ? 1 : null;
    const beside = besideStack(files.manifests, { others: head, namespace, replicas });
    const [path] = sharedPaths(head, beside.manifests);
    if (path !== undefined) {
      const reason = `Routes of both stacks match ${path}, so the gateway could not separate their requests.`;
      return { state: 'not-measured', reason };
    }
    const { service } = serviceOf(beside.manifests, { namespace, keep: {} });
    return { state: 'planned', service, manifests: beside.manifests, ...hashes };
  });
}

/** Holds the base stack against the cluster: its names, a dry run, and the rules for TLS that it needs. */
export async function checkBase(
  context: StageContext,
  planned: PlannedBase,
  {
    clients,
    network,
    refuseLiving,
  }: {
    clients: Parameters<typeof checkTls>[0];
    network: Omit<Subject, 'service' | 'manifests' | 'unread'>;
    refuseLiving: RefuseLiving;
  },
): Promise<PlannedBase | Exclude<PreparedBase, { state: 'ready' }>> {
  const { service, manifests } = planned;
  try {
    await checkExisting(context, service, { retired: [], refuseLiving });
    const rules = await checkTls(clients, { ...network, service, manifests });
    const applied = [...manifests, ...rules.value];
    await dryRun(context, applied, refuseLiving);
    return { ...planned, manifests: applied };
  } catch (error) {
    context.signal.throwIfAborted();
    return refused('The base stack is refused', error);
  }
}

/** The base stack with its nodes, where the inputs allow as many nodes and their price. */
export function leaseBase(
  context: Pick<StageContext, 'inputs'>,
  planned: PlannedBase,
  head: Omit<Prepared, 'manifests' | 'retire' | 'base'>,
): PreparedBase {
  const { inputs } = context;
  const own = planned.service.replicas;
  const needed = head.service.replicas + own;
  if (inputs.nodes !== null && inputs.nodes < needed) {
    return { state: 'not-measured', reason: `The comparison needs ${needed} nodes, and "nodes" is ${inputs.nodes}.` };
  }
  const nodes = inputs.nodes ?? needed;
  if (nodes > inputs.maxNodes) {
    return {
      state: 'not-measured',
      reason: `The comparison needs ${nodes} nodes, and "max-nodes" allows ${inputs.maxNodes}.`,
    };
  }
  return unlessRefused('The comparison costs too much', () => {
    budgetMs(context, { ...head, nodes });
    const { contentHash, headHash, service, manifests } = planned;
    const prepared: Prepared = { ...head, service, manifests, retire: [], nodes: own, isBase: true };
    return { state: 'ready', prepared, contentHash, headHash };
  });
}

/** One line of preflight: what is compared with what. */
export function baseLook(base: PreparedBase): Look {
  if (base.state === 'not-measured') return { outcome: 'warning', seen: `the change is not compared: ${base.reason}` };
  if (base.state === 'same') return { seen: 'the same objects as the base stack has: nothing is deployed twice' };
  const { service } = base.prepared;
  const count =
    service.replicas === 1 ? '1 replica on 1 more node' : `${service.replicas} replicas on as many more nodes`;
  return { seen: `deployed beside as ${service.name}, ${count}` };
}

function unlessRefused<T>(what: string, plan: () => T): T | { state: 'not-measured'; reason: string } {
  try {
    return plan();
  } catch (error) {
    return refused(what, error);
  }
}

function refused(what: string, error: unknown): { state: 'not-measured'; reason: string } {
  if (!(error instanceof Failure)) throw error;
  return { state: 'not-measured', reason: `${what}: ${error.message}` };
}
