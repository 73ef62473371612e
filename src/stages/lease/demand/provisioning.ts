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

/** The conditions of the request for nodes; empty where there is no request. */
export async function conditionsOf(
  kube: StageContext['kube'],
  { namespace, runKey }: Pick<HolderOptions, 'namespace' | 'runKey'>,
): Promise<Condition[]> {
  const found = await kube.get(requestRef(namespace, runKey));
  return listOf(isMap(found?.status) ? found.status.conditions : []);
}

/** The condition of the last of some steps that the request has reached. */
function reached(conditions: Condition[], steps: readonly string[]): Condition | undefined {
  return steps.map((type) => findCondition(conditions, type)).find((condition) => condition?.status === 'True');
}

/** The last step that the request for nodes has reached; null where there is no request, or none has. */
export async function requestState(
  kube: StageContext['kube'],
  options: Pick<HolderOptions, 'namespace' | 'runKey'>,
): Promise<string | null> {
  return reached(await conditionsOf(kube, options), STEPS)?.type ?? null;
}

/** How far the request for nodes is, as a clause. */
export function requestText(conditions: Condition[]): string {
  const found = reached(conditions, STEPS) ?? conditions.find(({ message }) => message);
  if (!found) return 'the ProvisioningRequest has not been looked at';
  const state = found.status === 'True' ? found.type : `not ${found.type}`;
  return `the ProvisioningRequest is ${state}${found.message ? ` (${found.message.slice(0, 200)})` : ''}`;
}

/** Why the request for nodes cannot be met any more; null while it can. */
export function failedRequest(
  context: StageContext,
  prepared: Prepared,
  conditions: Condition[],
  got: number,
): Failure | null {
  const { pool, nodes } = prepared;
  const failed = reached(conditions, ['Failed', 'CapacityRevoked']);
  if (!failed) return null;
  const text = (failed.message || failed.reason || '').replace(/[\s.]+$/, '');
  return (
    refusedByGke(context, prepared, text, got) ??
    new Failure({
      stage: 'lease',
      code: 'gke-provisioning-failed',
      message: `The request for ${nodes} nodes of ${pool.name} is ${failed.type}: ${text || 'GKE states no reason'}.`,
      hint: 'Run again later. The change under review is not at fault.',
      evidence: { text, asked: nodes, got },
    })
  );
}

/** The cause that GKE's words for nodes by demand name; null for words that name none. */
export function refusedByGke(
  { inputs }: StageContext,
  { nodes, pool }: Prepared,
  text: string,
  got: number,
): Failure | null {
  const { projectId: project, location, cluster } = inputs;
  return refusedNodes(text, { asked: nodes, got, pool: pool.name, place: { project, location, cluster } });
}
