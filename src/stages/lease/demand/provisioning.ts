import type { Condition } from '../../../clients/kubernetes/kinds.ts';
import { isMap } from '../../../lib/decode.ts';
import { Failure } from '../../../lib/failure.ts';
import { findCondition, listOf } from '../../../stack/conditions.ts';
import type { Prepared, StageContext } from '../../context.ts';
import { refusedNodes } from '../resize-failure.ts';
import { type HolderOptions, requestRef } from './holders.ts';

/**
 * Types of a ProvisioningRequest's conditions, in the order in which a request meets them (kubernetes/autoscaler,
 * apis/provisioningrequest/autoscaling.x-k8s.io/v1/types.go).
 */
const STEPS = ['CapacityRevoked', 'BookingExpired', 'Failed', 'Provisioned', 'Accepted'] as const;

async function conditionsOf(
  { kube }: Pick<StageContext, 'kube'>,
  { namespace, runKey }: Pick<HolderOptions, 'namespace' | 'runKey'>,
): Promise<Condition[]> {
  const found = await kube.get(requestRef(namespace, runKey));
  return listOf(isMap(found?.status) ? found.status.conditions : []);
}

/** The last step that the request for nodes has reached; null where there is no request, or none has. */
export async function requestState(
  kube: StageContext['kube'],
  options: Pick<HolderOptions, 'namespace' | 'runKey'>,
): Promise<(typeof STEPS)[number] | null> {
  const conditions = await conditionsOf({ kube }, options);
  return STEPS.find((type) => findCondition(conditions, type)?.status === 'True') ?? null;
}

/** How far the request for nodes is, as a clause. */
export async function requestText(
  context: Pick<StageContext, 'kube'>,
  options: Pick<HolderOptions, 'namespace' | 'runKey'>,
): Promise<string> {
  const conditions = await conditionsOf(context, options);
  const at = STEPS.map((type) => findCondition(conditions, type)).find((condition) => condition?.status === 'True');
  const found = at ?? conditions.find(({ message }) => message);
  if (!found) return 'the ProvisioningRequest has not been looked at';
  const state = found.status === 'True' ? found.type : `not ${found.type}`;
  return `the ProvisioningRequest is ${state}${found.message ? ` (${found.message.slice(0, 200)})` : ''}`;
}

/** Why the request for nodes cannot be met any more; null while it can. */
export async function failedRequest(
  context: StageContext,
  { pool, nodes, service }: Prepared,
  got: number,
): Promise<Failure | null> {
  const { inputs, runKey } = context;
  const conditions = await conditionsOf(context, { namespace: service.namespace, runKey });
  const failed = ['Failed', 'CapacityRevoked']
    .map((type) => findCondition(conditions, type))
    .find((condition) => condition?.status === 'True');
  if (!failed) return null;
  const text = (failed.message || failed.reason || '').replace(/[\s.]+$/, '');
  const { projectId: project, location, cluster } = inputs;
  const known = refusedNodes(text, { asked: nodes, got, pool: pool.name, place: { project, location, cluster } });
  return (
    known ??
    new Failure({
      stage: 'lease',
      code: 'gke-provisioning-failed',
      message: `The request for ${nodes} nodes of ${pool.name} is ${failed.type}: ${text || 'GKE states no reason'}.`,
      hint: 'Run again later. The change under review is not at fault.',
      evidence: { text, asked: nodes, got },
    })
  );
}
