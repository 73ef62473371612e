import type { LoadSource } from '../../load/source.ts';
import type { Prepared, StageContext } from '../context.ts';
import type { ReadyStack } from '../ready/ready.ts';
import type { VerifiedModel } from '../verify/verify.ts';
import { watchGateway } from './gateway-watch.ts';
import type { LoadedStack } from './load.ts';
import type { Loader } from './loader.ts';
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
  source: LoadSource;
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

/** Opens the ways to an arm. */
export async function openArm(
  context: StageContext,
  name: Arm['name'],
  { prepared, stack, model, contentHash }: ComparedStack,
  { isWhole, loader }: { isWhole: boolean; loader: Loader },
): Promise<Arm> {
  const open = (pod: string | null, way: string): ArmWay => ({
    pod,
    way,
    source: loader.source({ stack, model }, [way]),
  });
  const own = name === 'head' ? 'the stack under test' : 'the base stack';
  const arm = {
    name,
    loaded: { context, prepared, stack, model, loader, watch: watchGateway(context, stack.route.gateway) },
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
