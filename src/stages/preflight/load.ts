import { unlessForbidden } from '../../clients/kubernetes/forbidden.ts';
import { whyUnreachable } from '../../clients/serving/reach.ts';
import { Failure } from '../../lib/failure.ts';
import type { GatewayRef } from '../../stack/refs.ts';
import { gatewayOrigin } from '../../stack/route.ts';
import { GATEWAY_API } from '../../stack/routes.ts';
import { BUNDLE_LIMIT_BYTES, bundleBytes, mayLoadInCluster } from '../benchmark/cluster/job.ts';
import type { StageContext } from '../context.ts';
import { imageMissing } from '../ready/reach.ts';
import { isAllowedImage } from './guard-never.ts';
import type { Seen } from './table.ts';

type Context = Pick<StageContext, 'inputs' | 'prompts' | 'loadScript' | 'kube' | 'signal'>;

/** What the load needs beside the runner. */
export interface LoadPlan {
  /** Load clients in the cluster may be started. */
  cluster: boolean;
  /** The checks need a port-forward to the pods of the gateway, which the runner cannot reach. */
  tunnel: boolean;
}

/**
 * Where the load will come from, by whether the runner reaches the gateway; whether the load clients in the cluster may have
 * their image, and whether their program and prompts find room.
 */
export async function checkLoad(context: Context, gateway: GatewayRef | null): Promise<Seen<LoadPlan>> {
  const cluster = mayLoadInCluster(context.inputs);
  const clients = cluster ? loadClients(context) : null;
  const object =
    gateway &&
    (await unlessForbidden(() => context.kube.get({ apiVersion: GATEWAY_API, kind: 'Gateway', ...gateway })));
  const origin = object && gatewayOrigin(object);
  if (!origin) {
    const seen = `${clients ? `${clients}; ` : ''}whether the runner reaches the gateway is not known yet`;
    return { value: { cluster, tunnel: false }, outcome: 'not-checked', seen };
  }
  const reason = await whyUnreachable(origin, context.signal);
  if (reason === null) return { value: { cluster, tunnel: false }, seen: reachableText(context, clients) };
  if (clients === null) throw imageMissing('preflight', origin, reason);
  const seen = `${clients}, since the runner cannot reach ${origin}: ${reason}; checks go through the API server`;
  return { value: { cluster, tunnel: true }, seen };
}

function reachableText({ inputs }: Pick<Context, 'inputs'>, clients: string | null): string {
  if (inputs.loadFrom === 'cluster') return clients ?? '';
  if (clients === null) return 'the runner alone, since load clients in the cluster need "load-image"';
  return `the runner, or ${clients}, where the plan has more than half of what the runner can send`;
}

/** The load clients for a reader. Throws a Failure where they cannot be. */
function loadClients({ inputs, prompts = null, loadScript }: Context): string {
  const { loadImage, guard, loadShards } = inputs;
  if (!isAllowedImage(loadImage, guard.registries)) {
    throw new Failure({
      ...{ stage: 'preflight', code: 'load-image' },
      message: `"load-image" is ${loadImage}, whose registry is not one of the allowed ones (${guard.registries.join(', ')}).`,
      hint: 'Add its repository to "allowed-registries", such as docker.io/library/node.',
    });
  }
  const bytes = bundleBytes(loadScript ?? '', prompts);
  if (bytes > BUNDLE_LIMIT_BYTES) {
    throw new Failure({
      ...{ stage: 'preflight', code: 'load-prompts-size' },
      message: `The prompts and the program of the load clients have ${bytes} bytes, and a ConfigMap holds ${BUNDLE_LIMIT_BYTES}.`,
      hint: 'Give fewer prompts, or measure with "load-from: runner".',
    });
  }
  return `${loadShards} load clients in the cluster, from ${loadImage}`;
}
