import type { Event, HTTPRoute, LLMInferenceService, Pod } from '../../clients/kubernetes/kinds.ts';
import { findCondition, listOf } from '../../stack/conditions.ts';
import { containerStatuses } from '../../stack/pods.ts';
import { parentConditions } from '../../stack/routes.ts';

/** What a wait for readiness sees at one probe. */
export interface Sight {
  pods: readonly Pod[];
  /** Whether there are fewer pods than wanted. */
  missing: boolean;
  /** What is above the pods and beside them; null when this probe did not read it. */
  around: Surroundings | null;
}

export interface Surroundings {
  /** Warning events of the namespace. */
  events: readonly Event[];
  service: LLMInferenceService | null;
  /** The service's own routes. */
  routes: readonly HTTPRoute[];
}

export interface Stuck {
  code: 'pods-unschedulable' | 'not-healing';
  message: string;
  hint: string;
}

/** Probes in a row after which a state that could still be passing is taken for final. */
const SETTLED = 3;
/** Controllers above the pods may take a step or two more: KServe moves a route to another pool group by itself. */
const SETTLED_ROUTE = 4;
/** What is around the pods is read at every so many probes, and at each once something there looks wrong. */
export const AROUND_EVERY = 2;

/** Taints that the node controller takes off again by itself. */
const PASSING_TAINT = /node\.kubernetes\.io\/|node\.cloudprovider\.kubernetes\.io\//;

interface Sign {
  key: string;
  probes: number;
  found: Stuck;
}

/**
 * Ends a wait that cannot end well: a state is final when it has been there at several probes in a row. Answers what it
 * is, or null while there is hope, and whether the next probe should read what is around the pods.
 */
export function createStuckDetector(): (sight: Sight) => { lost: Stuck | null; suspects: boolean } {
  let strikes = new Map<string, number>();
  return (sight) => {
    const signs = signsOf(sight);
    strikes = new Map(signs.map(({ key }) => [key, (strikes.get(key) ?? 0) + 1]));
    const lost = signs.find(({ key, probes }) => (strikes.get(key) ?? 0) >= probes)?.found ?? null;
    return { lost, suspects: signs.length > 0 };
  };
}

function signsOf({ pods, missing, around }: Sight): Sign[] {
  const own = [...unschedulable(pods), ...refused(pods)];
  if (!around) return own;
  return [...own, ...told(around.events, pods, missing), ...stopped(around.service), ...closed(around.routes)];
}

/** Every leased node is Ready when this is asked, so a pod that fits none of them fits none later. */
function unschedulable(pods: readonly Pod[]): Sign[] {
  const stuck = pods.flatMap(({ metadata, status }) => {
    const condition = findCondition(listOf(status?.conditions), 'PodScheduled');
    const waits = condition?.status === 'False' && condition.reason === 'Unschedulable';
    const passing = PASSING_TAINT.test(condition?.message ?? '') || /no nodes available/.test(condition?.message ?? '');
    return waits && !passing ? [{ name: metadata.name, message: condition.message ?? '' }] : [];
  });
  const [first] = stuck;
  if (!first) return [];
  return [
    {
      key: `unschedulable ${stuck.map(({ name }) => name).join()}`,
      probes: SETTLED,
      found: {
        code: 'pods-unschedulable',
        message: `${stuck.length} ${stuck.length === 1 ? 'pod finds' : 'pods find'} no node although all leased nodes are Ready: ${first.message}`,
        hint: 'Compare node selector, tolerations and google.com/tpu of the template with the node pool.',
      },
    },
  ];
}

/** A pod that its node has refused is replaced by one that it refuses too. */
function refused(pods: readonly Pod[]): Sign[] {
  const found = pods.find(
    ({ status }) => status?.phase === 'Failed' && /Admission|Affinity|OutOf/.test(String(status?.reason)),
  );
  if (!found) return [];
  return [
    sign(
      'refused',
      SETTLED,
      `The node refuses pod ${found.metadata.name}: ${found.status?.reason}: ${found.status?.message ?? ''}`,
      'Ask for all chips of the node, and select accelerator and topology.',
    ),
  ];
}

const MOUNT = /(?:secret|configmap) "[^"]+" not found/;

/** What only events tell: pods that were not made, volumes that are not there. */
function told(events: readonly Event[], pods: readonly Pod[], missing: boolean): Sign[] {
  // Events outlive what they tell of: a refused pod counts while one is missing, a mount while its pod has not begun.
  const last = (reason: string, pattern: RegExp, holds: (event: Event) => boolean) =>
    events.filter((event) => event.reason === reason && pattern.test(String(event.message)) && holds(event)).at(-1);
  const create = last(
    'FailedCreate',
    /exceeded quota|violates PodSecurity|failed calling webhook|serviceaccount "[^"]+" not found|must specify/,
    () => missing,
  );
  const mount = last('FailedMount', MOUNT, ({ involvedObject }) =>
    pods.some((pod) => pod.metadata.name === involvedObject?.name && !hasBegun(pod)),
  );
  return [
    ...(create
      ? [
          sign(
            'event create',
            2,
            `Pods cannot be made: ${create.message}`,
            'The message names the rule that refuses them.',
          ),
        ]
      : []),
    ...(mount
      ? [
          sign(
            'event mount',
            2,
            `A volume cannot be mounted: ${mount.message}`,
            'Create the secret or ConfigMap, or correct its name.',
          ),
        ]
      : []),
  ];
}

/** Whether any container has run, or runs: volumes are mounted before the first. */
function hasBegun(pod: Pod): boolean {
  return containerStatuses(pod).some(
    ({ state, lastState }) => state?.running || state?.terminated || lastState?.terminated,
  );
}

function stopped(service: LLMInferenceService | null): Sign[] {
  const bad = listOf(service?.status?.conditions).find(
    ({ type, status, reason = '' }) =>
      status === 'False' &&
      ((type === 'PresetsCombined' && reason !== '') ||
        (/Ready$/.test(type) &&
          /^(?:Reconcile\w+Error|GatewayFetchError|ReconcileCertsError|InvalidRenderedConfig|RefsInvalid\w*)$/.test(
            reason,
          ))),
  );
  if (!bad) return [];
  return [
    sign(
      `service ${bad.type} ${bad.reason}`,
      SETTLED,
      `KServe stopped: ${bad.type} is False (${bad.reason}: ${bad.message ?? ''})`,
      'Correct what the condition names.',
    ),
  ];
}

function closed(routes: readonly HTTPRoute[]): Sign[] {
  for (const { metadata, status } of routes) {
    const bad = parentConditions(status?.parents).find(({ status: is }) => is === 'False');
    if (!bad) continue;
    return [
      sign(
        `route ${metadata.name} ${bad.type} ${bad.reason}`,
        SETTLED_ROUTE,
        `The gateway does not take HTTPRoute ${metadata.name}: ${bad.type} is False (${bad.reason}: ${bad.message ?? ''})`,
        'Correct the route, the gateway’s listeners, or the versions that do not fit.',
      ),
    ];
  }
  return [];
}

function sign(key: string, probes: number, message: string, hint: string): Sign {
  return { key, probes, found: { code: 'not-healing', message: `${message.replace(/[.\s]+$/, '')}.`, hint } };
}
