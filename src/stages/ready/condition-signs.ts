import type { Condition, Pod } from '../../clients/kubernetes/kinds.ts';
import { currentConditions, isStale, listOf } from '../../stack/conditions.ts';
import { blameOf, CONDITION_MS, faultsAmong, type Reporter } from '../../stack/fate.ts';
import { isFinished } from '../../stack/pods.ts';
import { poolParents } from '../../stack/pools.ts';
import { listenerOf } from '../../stack/route.ts';
import { parentConditions, routeReports } from '../../stack/routes.ts';
import { bounded, type Sign, sentence } from './sign.ts';
import type { Surroundings } from './surroundings.ts';

interface Reported {
  /** `HTTPRoute qwen-kserve-route`. */
  object: string;
  part: Sign['part'];
  by: Reporter;
  /** Those about the object's present generation. */
  conditions: readonly Condition[];
}

/**
 * The faults that conditions name, of every object around a wait. Each ends the wait when reason and message stay. What
 * is about an earlier generation is left out.
 */
export function conditionSigns(pods: readonly Pod[], around: Surroundings | null): Sign[] {
  const reported = [...podReports(pods), ...(around ? aroundReports(around) : [])];
  return reported.flatMap((one) => faultsAmong(one.conditions, one.by).map((condition) => signOf(one, condition)));
}

function aroundReports({ services, deployments, routes, pools, gateways }: Surroundings): Reported[] {
  return [
    ...(services ?? []).map(({ metadata, status }): Reported => {
      const stale = isStale(status?.observedGeneration, metadata.generation);
      const conditions = stale ? [] : listOf(status?.conditions);
      return { object: `LLMInferenceService ${metadata.name}`, part: 'services', by: 'kserve', conditions };
    }),
    ...(deployments ?? []).map(({ metadata, status }): Reported => {
      const stale = isStale(status?.observedGeneration, metadata.generation);
      const conditions = stale ? [] : listOf(status?.conditions);
      return { object: `Deployment ${metadata.name}`, part: 'deployments', by: 'other', conditions };
    }),
    ...(routes ?? []).map((route): Reported => {
      const conditions = parentConditions(routeReports(route), route.metadata.generation);
      return { object: `HTTPRoute ${route.metadata.name}`, part: 'routes', by: 'gateway-on-parent', conditions };
    }),
    ...(pools ?? []).map((pool): Reported => {
      const conditions = parentConditions(poolParents(pool), pool.metadata.generation);
      return { object: `InferencePool ${pool.metadata.name}`, part: 'pools', by: 'gateway-on-parent', conditions };
    }),
    ...(gateways ?? []).flatMap(({ gateway, reference }): Reported[] => {
      const { metadata, status } = gateway;
      const object = `Gateway ${metadata.namespace}/${metadata.name}`;
      // Another listener of a shared gateway may be broken for good, and nobody on this route notices.
      const name = listenerOf(gateway, reference)?.name;
      const listener = (status?.listeners ?? []).find((one) => one.name === name);
      const of = (about: string, conditions: unknown): Reported => ({
        object: about,
        part: 'gateways',
        by: 'other',
        conditions: currentConditions(conditions, metadata.generation),
      });
      return [of(object, status?.conditions), of(`listener ${name} of ${object}`, listener?.conditions)];
    }),
  ];
}

/** Of a pod, only errors by their name: a pod that has ended is replaced, and stays listed as failed. */
function podReports(pods: readonly Pod[]): Reported[] {
  return pods
    .filter((pod) => !isFinished(pod))
    .map(({ metadata, status }) => ({
      object: `pod ${metadata.name}`,
      part: 'pods',
      by: 'other',
      conditions: listOf(status?.conditions).filter(({ reason = '' }) => /(?:Error|NotMet)$/.test(reason)),
    }));
}

function signOf({ object, part, by }: Reported, condition: Condition): Sign {
  const { type, reason = '' } = condition;
  const message = bounded(condition.message ?? '');
  const state = `${type} is False (${[reason, message].filter((text) => text !== '').join(': ')})`;
  return {
    key: `${object} ${type} ${reason} ${condition.message}`,
    part,
    settleMs: CONDITION_MS,
    shows: by === 'kserve' ? state : `${object}: ${state}`,
    found: {
      code: 'not-healing',
      message: sentence(`${leadOf(object, by)} ${state}`),
      hint: HINTS[by],
      blame: by === 'kserve' ? blameOf(condition) : 'cluster',
      evidence: { object, type, reason, message },
    },
  };
}

function leadOf(object: string, by: Reporter): string {
  if (by === 'kserve') return `KServe stopped at ${object}:`;
  return by === 'gateway-on-parent' ? `The gateway does not take ${object}:` : `${object} reports a fault:`;
}

const HINTS: Record<Reporter, string> = {
  kserve: 'Correct what the condition names; the log of the KServe controller has the whole error.',
  'gateway-on-parent': 'Correct the route, the gateway’s listeners, or the versions that do not fit.',
  other: 'Correct what the condition names.',
};
