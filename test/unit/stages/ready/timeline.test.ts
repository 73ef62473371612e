import { describe, expect, it } from 'vitest';
import { Failure } from '../../../../src/lib/failure.ts';
import { ALPHA, aGateway, aPool, aRoute, aService, INTERVALS, playAt, taken, V1 } from './timeline.ts';

const REFUSED = [
  { type: 'Accepted', status: 'True', observedGeneration: 1 },
  { type: 'ResolvedRefs', reason: 'InvalidKind', message: 'InferencePool is not supported', observedGeneration: 1 },
];
const STOPPED = {
  reason: 'SchedulerReconcileError',
  message: 'Failed to reconcile scheduler: inferencepools is forbidden: User "kserve" cannot create resource',
};
const stopped = [
  aService([
    { type: 'Ready', ...STOPPED },
    { type: 'RouterReady', ...STOPPED },
    { type: 'SchedulerWorkloadReady', ...STOPPED },
  ]),
];
const outage = new Failure({
  stage: 'ready',
  code: 'kube-api',
  message: 'pods: the Kubernetes API returned 429: slow down',
  evidence: { retryable: true },
});
const unreachable = new Failure({
  stage: 'ready',
  code: 'kube-unreachable',
  message: 'pods: the Kubernetes API did not answer: read ECONNRESET.',
  evidence: { retryable: true },
});

describe.each(INTERVALS)('a wait that looks every %s', (interval) => {
  it('outlasts the change of the InferencePool group on a slow gateway', async () => {
    const outcome = await playAt(interval, (seconds) => ({
      ready: seconds >= 40,
      route: [
        seconds < 12
          ? aRoute(1, ALPHA, REFUSED)
          : seconds < 27
            ? // The route leads to the v1 pool; the gateway has not looked at it again.
              aRoute(2, V1, REFUSED)
            : aRoute(2, V1, taken(2)),
      ],
    }));
    expect(outcome.verdict, outcome.failure?.message).toBe('ready');
  });

  it('ends when the gateway keeps refusing the group', async () => {
    const outcome = await playAt(interval, () => ({ ready: false, route: [aRoute(1, ALPHA, REFUSED)] }));
    expect(outcome.verdict).toBe('not-healing');
    expect(outcome.seconds).toBeLessThanOrEqual(120);
    expect(outcome.failure?.message).toContain('ResolvedRefs is False (InvalidKind: InferencePool is not supported)');
    expect(outcome.failure?.blame).toBe('cluster');
  });

  it('takes a report on an earlier generation neither for final nor for a success', async () => {
    const bad = await playAt(interval, () => ({ ready: false, route: [aRoute(2, V1, REFUSED)] }), '4m');
    expect(bad.verdict).toBe('ready-timeout');
    const good = await playAt(interval, () => ({ route: [aRoute(2, V1, taken(1))] }), '4m');
    expect(good.verdict).toBe('ready-timeout');
    expect(good.waiting.at(-1)).toBe('HTTPRoute Accepted was reported on generation 1, not on 2');
    const pool = await playAt(
      interval,
      () => ({ pool: [aPool([{ type: 'Accepted', status: 'True', observedGeneration: 1 }], 2)] }),
      '4m',
    );
    expect(pool.waiting.at(-1)).toBe('InferencePool qwen-pool not seen by a gateway yet');
  });

  it("names a controller's reason within two minutes, and shows it all along", async () => {
    const outcome = await playAt(interval, (seconds) =>
      seconds < 1 ? { ready: false } : { ready: false, service: stopped },
    );
    expect(outcome.verdict).toBe('not-healing');
    expect(outcome.seconds).toBeLessThanOrEqual(120);
    expect(outcome.failure?.message).toContain(
      `SchedulerWorkloadReady is False (${STOPPED.reason}: ${STOPPED.message})`,
    );
    expect(outcome.failure?.blame).toBe('cluster');
    expect(outcome.failure?.evidence).toMatchObject(STOPPED);
    const shown = outcome.waiting.filter((line) => line.includes(STOPPED.reason));
    expect(shown.length).toBeGreaterThan(0);
    expect(outcome.waiting.slice(outcome.waiting.indexOf(shown[0]!))).toEqual(shown);
  });

  it('goes on while the reason or its message changes', async () => {
    const outcome = await playAt(interval, (seconds) => {
      if (seconds >= 290) return {};
      const message = `try ${Math.floor(seconds / 40)}`;
      return { ready: false, service: [aService([{ type: 'Ready', reason: 'HTTPRouteReconcileError', message }])] };
    });
    expect(outcome.verdict, outcome.failure?.message).toBe('ready');
  });

  it('gives an error that heals its time', async () => {
    const outcome = await playAt(interval, (seconds) =>
      seconds < 45 ? { ready: false, service: stopped } : { ready: seconds > 200 },
    );
    expect(outcome.verdict).toBe('ready');
  });

  it('outlasts refusals and lost connections of the Kubernetes API', async () => {
    const outcome = await playAt(interval, (seconds) => ({
      ready: seconds >= 200,
      fails: {
        ...(seconds >= 20 && seconds < 50 ? { Pod: outage } : {}),
        ...(seconds >= 60 && seconds < 80 ? { HTTPRoute: unreachable, Event: unreachable } : {}),
        ...(seconds >= 210 && seconds < 220 ? { LLMInferenceService: outage, Deployment: outage } : {}),
      },
    }));
    expect(outcome.verdict, outcome.failure?.message).toBe('ready');
  });

  it('ends with the error of an API that does not come back', async () => {
    const outcome = await playAt(interval, (seconds) => (seconds < 30 ? { ready: false } : { fails: { Pod: outage } }));
    expect(outcome.verdict).toBe('kube-api');
    expect(outcome.seconds).toBeGreaterThan(200);
    expect(outcome.seconds).toBeLessThan(420);
    expect(outcome.waiting.at(-1)).toContain('429: slow down');
  });
});

describe('a wait ends for the condition of another object', () => {
  const wait = { ready: false } as const;

  it.each([
    [
      'the InferencePool',
      { pool: [aPool([{ type: 'ResolvedRefs', reason: 'InvalidExtensionRef', message: 'no epp' }])] },
    ],
    ['the Gateway', { gateway: [aGateway([{ type: 'Programmed', reason: 'Invalid', message: 'no epp' }])] }],
    [
      'the listener of the route',
      { gateway: [aGateway([], { http: [{ type: 'Accepted', reason: 'PortUnavailable', message: 'no epp' }] })] },
    ],
  ])('%s', async (_, found) => {
    const outcome = await playAt('5s', () => ({ ...wait, ...found }));
    expect(outcome.verdict).toBe('not-healing');
    expect(outcome.failure?.message).toContain('no epp');
    expect(outcome.failure?.blame).toBe('cluster');
  });

  it.each([
    [
      'a listener that the route does not use',
      { gateway: [aGateway([], { https: [{ type: 'ResolvedRefs', reason: 'InvalidCertificateRef' }] })] },
    ],
    [
      'an address that is still to come',
      { gateway: [aGateway([{ type: 'Programmed', reason: 'AddressNotAssigned' }])] },
    ],
    [
      'a listener without conflicts',
      { gateway: [aGateway([], { http: [{ type: 'Conflicted', reason: 'NoConflicts' }] })] },
    ],
    [
      'a group of routes that does not matter to the service',
      { service: [aService([{ type: 'GroupReady', reason: 'BackendResolutionFailed' }])] },
    ],
    [
      'a report on an earlier generation of the service',
      { service: [aService([{ type: 'SchedulerWorkloadReady', ...STOPPED }], 2)] },
    ],
  ])('but not %s', async (_, found) => {
    expect((await playAt('5s', () => ({ ...wait, ...found }), '4m')).verdict).toBe('ready-timeout');
  });
});
