import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../../src/clients/kubernetes/objects.ts';
import { createStuckDetector, type Sight, type Surroundings } from '../../../../src/stages/ready/stuck.ts';

const NOTHING: Surroundings = { events: [], service: null, routes: [] };

type Seen = Partial<Omit<Sight, 'around'> & Surroundings>;

function sightOf({ pods = [], missing = true, ...around }: Seen = {}): Sight {
  return { pods, missing, around: { ...NOTHING, ...around } };
}

function unschedulable(message: string, name = 'a'): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    status: { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }] },
  };
}

function event(reason: string, message: string): KubeObject {
  const involvedObject = { kind: 'Pod', name: 'a' };
  return { apiVersion: 'v1', kind: 'Event', metadata: { name: reason }, reason, message, involvedObject };
}

function podThat(state: Record<string, unknown>): KubeObject {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, status: { containerStatuses: [{ state }] } };
}

function service(type: string, status: string, reason: string): KubeObject {
  return {
    apiVersion: 'serving.kserve.io/v1alpha1',
    kind: 'LLMInferenceService',
    metadata: { name: 'q' },
    status: { conditions: [{ type, status, reason, message: 'why' }] },
  };
}

function route(type: string, status: string, reason: string): KubeObject {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'r' },
    status: { parents: [{ conditions: [{ type, status, reason, message: 'why' }] }] },
  };
}

/** After how many probes a sight that stays is called hopeless; null when it never is. */
function probesUntil(sight: Seen): number | null {
  const judge = createStuckDetector();
  for (let probe = 1; probe <= 20; probe += 1) if (judge(sightOf(sight)).lost) return probe;
  return null;
}

describe('a wait has no hope', () => {
  it.each<[string, Seen, number]>([
    ['pods that fit no leased node', { pods: [unschedulable('3 Insufficient google.com/tpu')] }, 3],
    ['pods that a quota refuses', { events: [event('FailedCreate', 'is forbidden: exceeded quota: x')] }, 2],
    [
      'a volume whose secret is not there',
      { events: [event('FailedMount', 'secret "tls" not found')], pods: [podThat({ waiting: {} })] },
      2,
    ],
    ['presets that cannot be combined', { service: service('PresetsCombined', 'False', 'CombineBaseError') }, 3],
    [
      'a controller that cannot write',
      { service: service('MainWorkloadReady', 'False', 'ReconcileSingleNodeWorkloadError') },
      3,
    ],
    ['a route that no listener takes', { routes: [route('Accepted', 'False', 'NotAllowedByListeners')] }, 4],
  ])('for %s, once it has stayed', (_, sight, probes) => {
    expect(probesUntil(sight)).toBe(probes);
  });

  it('says what it saw', () => {
    const judge = createStuckDetector();
    const sight = sightOf({
      pods: [unschedulable('0/4 nodes: Insufficient google.com/tpu'), unschedulable('x', 'b')],
    });
    judge(sight);
    judge(sight);
    expect(judge(sight).lost).toMatchObject({
      code: 'pods-unschedulable',
      message: expect.stringContaining('2 pods find no node'),
    });
  });
});

describe('a wait goes on', () => {
  it.each<[string, Seen]>([
    [
      'for nodes that have just come',
      { pods: [unschedulable('had untolerated taint {node.kubernetes.io/not-ready: }')] },
    ],
    ['while there is no node', { pods: [unschedulable('no nodes available to schedule pods')] }],
    [
      'for pods that pull or compile',
      { pods: [{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, status: { phase: 'Pending' } }] },
    ],
    [
      'for a workload that is not available yet',
      { service: service('MainWorkloadReady', 'False', 'MinimumReplicasUnavailable') },
    ],
    ['for a condition that is not known yet', { service: service('PresetsCombined', 'Unknown', '') }],
    ['for a route that nobody has looked at', { routes: [route('Accepted', 'Unknown', 'Pending')] }],
    [
      'with events that heal',
      {
        events: [event('FailedScheduling', 'x'), event('Unhealthy', 'probe failed'), event('FailedMount', 'timed out')],
      },
    ],
  ])('%s', (_, sight) => {
    expect(probesUntil(sight)).toBeNull();
  });

  it('for pods that were refused once, and are all there now', () => {
    expect(probesUntil({ events: [event('FailedCreate', 'exceeded quota')], missing: false })).toBeNull();
  });

  it('for a mount that failed before its pod began', () => {
    const events = [event('FailedMount', 'secret "tls" not found')];
    expect(probesUntil({ events, pods: [podThat({ running: {} })] })).toBeNull();
  });

  it('when what was wrong is right again', () => {
    const judge = createStuckDetector();
    const bad = sightOf({ pods: [unschedulable('Insufficient google.com/tpu')] });
    for (const sight of [bad, bad, sightOf(), bad, bad]) expect(judge(sight).lost).toBeNull();
  });

  it('and looks around at the next probe once something there looks wrong', () => {
    const judge = createStuckDetector();
    expect(judge(sightOf({ events: [event('Unhealthy', 'probe failed')] })).suspects).toBe(false);
    expect(judge({ pods: [], missing: true, around: null }).suspects).toBe(false);
    const bad = sightOf({ events: [event('FailedCreate', 'exceeded quota')] });
    expect(judge(bad)).toEqual({ lost: null, suspects: true });
    expect(judge(bad).lost).not.toBeNull();
  });
});
