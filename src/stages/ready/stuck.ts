import type { Event, Pod } from '../../clients/kubernetes/kinds.ts';
import { findCondition, listOf } from '../../stack/conditions.ts';
import { CONDITION_MS } from '../../stack/fate.ts';
import { containerStatuses } from '../../stack/pods.ts';
import { isService } from '../../stack/service.ts';
import { conditionSigns } from './condition-signs.ts';
import { bounded, podSign, SETTLED_MS, type Sign, type Stuck, sentence } from './sign.ts';
import type { Surroundings } from './surroundings.ts';

/** What a wait for readiness sees at one probe. */
export interface Sight {
  /** Moment of the context's clock, in milliseconds. */
  nowMs: number;
  pods: readonly Pod[];
  /** Whether there are fewer pods than wanted. */
  missing: boolean;
  /** What is above the pods and beside them; null when this probe did not read it. */
  around: Surroundings | null;
}

/** What one probe means for the wait. */
export interface Judged {
  /** Why the wait cannot end well; null while there is hope. */
  lost: Stuck | null;
  /** The faults that conditions name at present, also where they may still heal. */
  troubles: string[];
}

/** What is around the pods is read no more often than this, in milliseconds. */
export const AROUND_MS = 10_000;

/** Taints that the node controller takes off again by itself. */
const PASSING_TAINT = /node\.kubernetes\.io\/|node\.cloudprovider\.kubernetes\.io\//;

/**
 * Ends a wait that cannot end well: a state is final when it has been there for its time, at every probe that looked.
 * Time is the clock's, so that the poll interval changes no verdict. What a probe did not read, or could not, is as it
 * was, and ends nothing.
 */
export function createStuckDetector(): (sight: Sight) => Judged {
  const standing = new Map<string, { sinceMs: number; sign: Sign }>();
  return (sight) => {
    const signs = new Map(signsOf(sight).map((sign) => [sign.key, sign]));
    for (const [key, { sign }] of standing) {
      if (!signs.has(key) && wasRead(sight, sign.part)) standing.delete(key);
    }
    for (const [key, sign] of signs) {
      standing.set(key, { sinceMs: standing.get(key)?.sinceMs ?? sight.nowMs, sign });
    }
    const isFinal = ({ key, settleMs }: Sign) => sight.nowMs - (standing.get(key)?.sinceMs ?? sight.nowMs) >= settleMs;
    return {
      lost: [...signs.values()].find(isFinal)?.found ?? null,
      troubles: [...standing.values()].flatMap(({ sign }) => sign.shows ?? []),
    };
  };
}

function wasRead({ around }: Sight, part: Sign['part']): boolean {
  return part === 'pods' || (around?.[part] ?? null) !== null;
}

function signsOf({ pods, missing, around }: Sight): Sign[] {
  return [
    ...unschedulable(pods),
    ...refused(pods),
    ...told(around?.events ?? [], pods, missing),
    ...conditionSigns(pods, around),
    ...unreported(around),
  ];
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
      part: 'pods',
      settleMs: SETTLED_MS,
      shows: null,
      found: {
        code: 'pods-unschedulable',
        message: `${stuck.length} ${stuck.length === 1 ? 'pod finds' : 'pods find'} no node although all leased nodes are Ready: ${bounded(first.message)}`,
        hint: 'Compare node selector, tolerations and google.com/tpu of the template with the node pool.',
        blame: 'change',
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
    podSign(
      'pods',
      'refused',
      `The node refuses pod ${found.metadata.name}: ${found.status?.reason}: ${found.status?.message ?? ''}`,
      'Ask for all chips of the node, and select accelerator and topology.',
    ),
  ];
}

const MOUNT = /(?:secret|configmap) "[^"]+" not found/;
const CREATE =
  /is forbidden:|is invalid:|exceeded quota|failed calling webhook|denied (?:the )?request|serviceaccount "[^"]+" not found|must specify/;

/** What only events show: pods that were not made, volumes that are not there. */
function told(events: readonly Event[], pods: readonly Pod[], missing: boolean): Sign[] {
  // Events outlive their reason: a refused pod counts while one is missing, a mount while its pod has not begun.
  const last = (reason: string, pattern: RegExp, holds: (event: Event) => boolean) =>
    events.filter((event) => event.reason === reason && pattern.test(String(event.message)) && holds(event)).at(-1);
  const create = last('FailedCreate', CREATE, () => missing);
  const mount = last('FailedMount', MOUNT, ({ involvedObject }) =>
    pods.some((pod) => pod.metadata.name === involvedObject?.name && !hasBegun(pod)),
  );
  const signs: Sign[] = [];
  if (create) {
    const message = `Pods cannot be made: ${create.message}`;
    signs.push(podSign('events', 'event create', message, 'The message names the rule that refuses them.'));
  }
  if (mount) {
    const message = `A volume cannot be mounted: ${mount.message}`;
    signs.push(podSign('events', 'event mount', message, 'Create the secret or ConfigMap, or correct its name.'));
  }
  return signs;
}

/**
 * An error that keeps KServe from judging any condition: its own configuration, for one. Only an event has it.
 * (kserve pkg/controller/v1alpha2/llmisvc/controller.go, Reconcile)
 */
function unreported(around: Surroundings | null): Sign[] {
  return (around?.services ?? []).flatMap(({ metadata, status }): Sign[] => {
    const hasJudged = listOf(status?.conditions).some((one) => one.status === 'True' || one.status === 'False');
    const event = (around?.events ?? [])
      .filter(({ involvedObject: about, reason }) => about?.name === metadata.name && reason === 'Error')
      .filter(
        ({ involvedObject: about, message = '' }) => isService(about) && message.startsWith('Reconciliation failed'),
      )
      .at(-1);
    if (hasJudged || !event) return [];
    const message = bounded(event.message ?? '');
    const object = `LLMInferenceService ${metadata.name}`;
    const found: Stuck = {
      code: 'not-healing',
      message: sentence(`KServe stopped at ${object}: ${message}`),
      hint: 'Look at the log and the configuration of the KServe controller.',
      blame: 'cluster',
      evidence: { object, type: 'Ready', reason: 'Error', message },
    };
    const shows = `KServe: ${message}`;
    return [{ key: `unreported ${event.message}`, part: 'events', settleMs: CONDITION_MS, found, shows }];
  });
}

/** Whether any container has run, or runs: volumes are mounted before the first. */
function hasBegun(pod: Pod): boolean {
  return containerStatuses(pod).some(
    ({ state, lastState }) => state?.running || state?.terminated || lastState?.terminated,
  );
}
