import type { LoadClient } from '../../load/client.ts';
import type { Prepared, StageContext } from '../context.ts';
import type { ReadyStack } from '../ready/ready.ts';
import type { VerifiedModel } from '../verify/verify.ts';
import { watchGateway } from './gateway-watch.ts';
import type { LoadedStack } from './load.ts';
import { loadClient } from './load-client.ts';
import { openReplicaWays } from './one-replica.ts';
import { wayValue } from './way-objects.ts';

/** One of the two stacks that are compared. */
export interface ComparedStack {
  prepared: Prepared;
  stack: ReadyStack;
  model: VerifiedModel;
  contentHash: string;
}

/** A way to an arm: one replica of a stack, or all of it. */
export interface ArmWay {
  /** The pod behind it; null for all. */
  pod: string | null;
  client: LoadClient;
  way: string;
}

/** An arm: a stack under load, by the ways that take turns. */
export interface Arm {
  name: 'head' | 'base';
  title: string;
  loaded: LoadedStack;
  contentHash: string;
  ways: readonly ArmWay[];
  /** Replicas that a request may reach. */
  replicas: number;
  isPickerShared: boolean;
}

/** Opens the ways to an arm; what is opened is added to `opened`, for the caller to close. */
export async function openArm(
  context: StageContext,
  name: Arm['name'],
  { prepared, stack, model, contentHash }: ComparedStack,
  { isWhole, concurrency, opened }: { isWhole: boolean; concurrency: number; opened: LoadClient[] },
): Promise<Arm> {
  const { endpoint, hostname, gateway } = stack.route;
  const open = (pod: string | null, way: string): ArmWay => {
    const client = loadClient(endpoint, hostname, concurrency, context.inputs.maxTokens, { way });
    opened.push(client);
    return { pod, client, way };
  };
  const own = name === 'head' ? 'the stack under test' : 'the base stack';
  const arm = {
    name,
    loaded: { context, prepared, stack, model, watch: watchGateway(context, gateway) },
    contentHash,
  };
  if (isWhole) {
    const ways = [open(null, wayValue(context.runKey, 'all', prepared.isBase))];
    return { ...arm, title: own, ways, replicas: prepared.service.replicas, isPickerShared: true };
  }
  const one = await openReplicaWays(context, prepared, stack, model.modelId);
  const ways = one.replicas.map(({ pod, way }) => open(pod, way));
  return { ...arm, title: `one replica of ${own}`, ways, replicas: 1, isPickerShared: one.isPickerShared };
}
