import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../../src/clients/kubernetes/objects.ts';
import { createStuckDetector, type Sight } from '../../../../src/stages/ready/stuck.ts';
import type { Surroundings } from '../../../../src/stages/ready/surroundings.ts';

const NOTHING: Surroundings = { events: [], services: [], deployments: [], routes: [], pools: [], gateways: [] };

type Seen = Partial<Omit<Sight, 'around' | 'nowMs'> & Surroundings>;

function sightOf({ pods = [], missing = true, ...around }: Seen = {}, nowMs = 0): Sight {
  return { nowMs, pods, missing, around: { ...NOTHING, ...around } };
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

function deployment(reason: string): KubeObject {
  const conditions = [{ type: 'Progressing', status: 'False', reason, message: 'why' }];
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd' }, status: { conditions } };
}

/** KServe's event about a try that ended before any condition was judged. */
function failed(message: string): KubeObject {
  const involvedObject = { kind: 'LLMInferenceService', name: 'q' };
  return { ...event('Error', `Reconciliation failed: ${message}`), involvedObject } as KubeObject;
}

function ended(reason: string): KubeObject {
  const conditions = [{ type: 'PodScheduled', status: 'False', reason, message: 'why' }];
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, status: { phase: 'Failed', conditions } };
}

/** After how many seconds a sight that stays is called hopeless, by a look each second; null when it never is. */
function secondsUntil(sight: Seen): number | null {
  const judge = createStuckDetector();
  for (let second = 0; second <= 300; second += 1) if (judge(sightOf(sight, second * 1_000)).lost) return second;
  return null;
}

describe('a wait has no hope', () => {
  it.each<[string, Seen, number]>([
    ['pods that fit no leased node', { pods: [unschedulable('3 Insufficient google.com/tpu')] }, 30],
    ['pods that a quota refuses', { events: [event('FailedCreate', 'is forbidden: exceeded quota: x')] }, 30],
    [
      'pods that a LimitRange refuses',
      { events: [event('FailedCreate', 'is forbidden: maximum cpu usage per Container is 16, but limit is 40')] },
      30,
    ],
    [
      'pods that are not valid',
      { events: [event('FailedCreate', 'Pod "a" is invalid: spec.containers: Required value')] },
      30,
    ],
    [
      'a volume whose secret is not there',
      { events: [event('FailedMount', 'secret "tls" not found')], pods: [podThat({ waiting: {} })] },
      30,
    ],
    ['presets that cannot be combined', { services: [service('PresetsCombined', 'False', 'CombineBaseError')] }, 60],
    [
      'a controller that cannot write',
      { services: [service('MainWorkloadReady', 'False', 'ReconcileSingleNodeWorkloadError')] },
      60,
    ],
    ['a route that no listener takes', { routes: [route('Accepted', 'False', 'NotAllowedByListeners')] }, 60],
    ['a Deployment whose pods cannot be templated', { deployments: [deployment('ReplicaSetCreateError')] }, 60],
    [
      'a controller that cannot read its own configuration',
      { services: [service('Ready', 'Unknown', '')], events: [failed('failed to load ingress config: no gateway')] },
      60,
    ],
  ])('for %s, once it has stayed', (_, sight, seconds) => {
    expect(secondsUntil(sight)).toBe(seconds);
  });

  it('says what it saw', () => {
    const judge = createStuckDetector();
    const pods = [unschedulable('0/4 nodes: Insufficient google.com/tpu'), unschedulable('x', 'b')];
    judge(sightOf({ pods }));
    expect(judge(sightOf({ pods }, 30_000)).lost).toMatchObject({
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
      { services: [service('MainWorkloadReady', 'False', 'MinimumReplicasUnavailable')] },
    ],
    ['for a condition that is not known yet', { services: [service('PresetsCombined', 'Unknown', '')] }],
    ['for a route that nobody has looked at', { routes: [route('Accepted', 'Unknown', 'Pending')] }],
    [
      'with events that heal',
      {
        events: [event('FailedScheduling', 'x'), event('Unhealthy', 'probe failed'), event('FailedMount', 'timed out')],
      },
    ],
    [
      'for a controller that has judged since it failed',
      { services: [service('PresetsCombined', 'True', '')], events: [failed('the object has been modified')] },
    ],
    ['for a pod that has failed and was replaced', { pods: [ended('SchedulerError')] }],
  ])('%s', (_, sight) => {
    expect(secondsUntil(sight)).toBeNull();
  });

  it('for pods that were refused once, and are all there now', () => {
    expect(secondsUntil({ events: [event('FailedCreate', 'exceeded quota')], missing: false })).toBeNull();
  });

  it('for a mount that failed before its pod began', () => {
    const events = [event('FailedMount', 'secret "tls" not found')];
    expect(secondsUntil({ events, pods: [podThat({ running: {} })] })).toBeNull();
  });

  it('when what was wrong is right again', () => {
    const judge = createStuckDetector();
    const bad = { pods: [unschedulable('Insufficient google.com/tpu')] };
    const sights = [bad, bad, {}, bad, bad];
    sights.forEach((sight, index) => {
      expect(judge(sightOf(sight, index * 20_000)).lost).toBeNull();
    });
  });

  it.each([
    ['did not look', null],
    ['could not read', { ...NOTHING, services: null }],
  ])('through probes that %s, which end nothing and forget nothing', (_, around) => {
    const judge = createStuckDetector();
    const bad = { services: [service('MainWorkloadReady', 'False', 'ReconcileCertsError')] };
    const blind = (nowMs: number): Sight => ({ nowMs, pods: [], missing: true, around });
    expect(judge(sightOf(bad, 0))).toEqual({
      lost: null,
      troubles: ['MainWorkloadReady is False (ReconcileCertsError: why)'],
    });
    expect(judge(blind(50_000)).troubles).toHaveLength(1);
    expect(judge(blind(90_000)).lost).toBeNull();
    expect(judge(sightOf(bad, 100_000)).lost).toMatchObject({ code: 'not-healing', blame: 'cluster' });
    expect(judge(sightOf({}, 110_000))).toEqual({ lost: null, troubles: [] });
  });
});

it('a message that is long, or holds a credential, is shown short and without it', () => {
  const secret = `Bearer ${'x'.repeat(40)}`;
  const odd = service('MainWorkloadReady', 'False', 'ReconcileCertsError');
  Object.assign((odd.status as { conditions: object[] }).conditions[0]!, { message: `${secret} ${'y'.repeat(5_000)}` });
  const judge = createStuckDetector();
  const { troubles } = judge(sightOf({ services: [odd] }));
  const { lost } = judge(sightOf({ services: [odd] }, 60_000));
  for (const text of [troubles.join(), lost?.message ?? '']) {
    expect(text.length).toBeGreaterThan(300);
    expect(text.length).toBeLessThan(600);
    expect(text).not.toContain('xxxxx');
  }
});
