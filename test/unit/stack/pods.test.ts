import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/clients/kubernetes/objects.ts';
import { countStates, isReady, isRunning, podSummary, terminalCause } from '../../../src/stack/pods.ts';

type Fields = Record<string, unknown>;

interface PodFields {
  containers?: string[];
  sidecars?: string[];
  inits?: string[];
  statuses?: Fields[];
  initStatuses?: Fields[];
  conditions?: Fields[];
  phase?: string;
  metadata?: Fields;
}

function pod(fields: PodFields): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'vllm-0', creationTimestamp: '2026-11-22T14:00:00Z', ...fields.metadata },
    spec: {
      nodeName: 'node-1',
      containers: (fields.containers ?? ['main']).map((name) => ({ name })),
      initContainers: [
        ...(fields.inits ?? []).map((name) => ({ name })),
        ...(fields.sidecars ?? []).map((name) => ({ name, restartPolicy: 'Always' })),
      ],
    },
    status: {
      phase: fields.phase ?? 'Running',
      conditions: fields.conditions ?? [],
      containerStatuses: fields.statuses ?? [],
      initContainerStatuses: fields.initStatuses ?? [],
    },
  };
}

const up = (name: string, change: Fields = {}) => ({
  name,
  ready: true,
  started: true,
  restartCount: 0,
  state: { running: {} },
  ...change,
});
const down = (name: string, change: Fields = {}) => up(name, { ready: false, ...change });
const waits = (reason: string, message = '', change: Fields = {}) =>
  down('main', { state: { waiting: { reason, message } }, ...change });
const READY = [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-11-22T14:13:20Z' }];

describe('a pod in a line', () => {
  it.each<[string, PodFields, string, string]>([
    ['one container', { statuses: [up('main')], conditions: READY }, '1/1', 'Ready'],
    [
      'an injected sidecar',
      { containers: ['main', 'istio-proxy'], statuses: [up('main'), up('istio-proxy')], conditions: READY },
      '2/2',
      'Ready',
    ],
    [
      'a native sidecar',
      { sidecars: ['istio-proxy'], statuses: [up('main')], initStatuses: [up('istio-proxy')], conditions: READY },
      '2/2',
      'Ready',
    ],
    [
      'a native sidecar while the main container compiles',
      { sidecars: ['istio-proxy'], statuses: [down('main')], initStatuses: [up('istio-proxy')] },
      '1/2',
      '1/2',
    ],
    [
      'a native sidecar that has not started',
      {
        sidecars: ['istio-proxy'],
        statuses: [waits('PodInitializing')],
        initStatuses: [down('istio-proxy', { started: false })],
      },
      '0/2',
      'init istio-proxy',
    ],
    [
      'an init container, which does not count',
      { inits: ['storage'], statuses: [waits('PodInitializing')], initStatuses: [down('storage')] },
      '0/1',
      'init storage',
    ],
    [
      'an init container that is done',
      {
        inits: ['storage'],
        statuses: [up('main')],
        initStatuses: [up('storage', { state: { terminated: { exitCode: 0 } } })],
        conditions: READY,
      },
      '1/1',
      'Ready',
    ],
    ['no statuses yet', { phase: 'Pending' }, '0/1', '0/1'],
    [
      'no node',
      { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }] },
      '0/1',
      'Unschedulable',
    ],
    ['an image that is pulled', { statuses: [waits('ContainerCreating')] }, '0/1', 'ContainerCreating'],
    [
      'a pod that is being deleted',
      { statuses: [up('main')], conditions: READY, metadata: { deletionTimestamp: '2026-11-22T15:00:00Z' } },
      '1/1',
      '1/1',
    ],
  ])('%s', (_, fields, counts, state) => {
    const summary = podSummary(pod(fields), 'replica');
    expect(`${summary.readyContainers}/${summary.totalContainers}`).toBe(counts);
    expect(summary.state).toBe(state);
    expect(isReady(pod(fields))).toBe(state === 'Ready');
    expect(summary.readyAfterMs).toBe(state === 'Ready' ? 800_000 : null);
  });

  const STARTED = up('main', { state: { running: { startedAt: '2026-11-22T14:03:00Z' } } });
  const TIMES = [{ type: 'PodScheduled', status: 'True', lastTransitionTime: '2026-11-22T14:01:30Z' }, ...READY];

  it('has the times of its steps, by the clock of the runner', () => {
    const { times } = podSummary(pod({ statuses: [STARTED], conditions: TIMES }), 'replica', 90_000);
    expect(times).toEqual({
      scheduledAt: '2026-11-22T14:00:00.000Z',
      startedAt: '2026-11-22T14:01:30.000Z',
      readyAt: '2026-11-22T14:11:50.000Z',
    });
  });

  it.each<[string, PodFields]>([
    ['is not Ready', { statuses: [STARTED], conditions: TIMES.slice(0, 1) }],
    ['does not state when it had a node', { statuses: [STARTED], conditions: READY }],
    ['does not state when it started', { statuses: [up('main')], conditions: TIMES }],
    ['states no time', { statuses: [STARTED], conditions: [{ ...TIMES[0], lastTransitionTime: 'soon' }, ...READY] }],
  ])('has no times where it %s', (_, fields) => {
    expect(podSummary(pod(fields), 'replica')).not.toHaveProperty('times');
  });

  it.each<[string, PodFields, boolean]>([
    ['runs', { statuses: [down('main')] }, true],
    ['waits for its image', { statuses: [waits('ContainerCreating')] }, false],
    ['has no status yet', {}, false],
  ])('is known to have started or not: it %s', (_, fields, runs) => {
    expect(isRunning(pod(fields))).toBe(runs);
  });

  it('adds up restarts', () => {
    const fields = {
      sidecars: ['proxy'],
      statuses: [up('main', { restartCount: 2 })],
      initStatuses: [up('proxy', { restartCount: 1 })],
    };
    expect(podSummary(pod(fields), 'replica').restarts).toBe(3);
  });
});

describe('a cause that cannot heal', () => {
  const pull = (message: string) => waits('ImagePullBackOff', `Back-off pulling image "x": ErrImagePull: ${message}`);

  it.each<[string, Fields, string]>([
    [
      'no such tag',
      pull('rpc error: code = NotFound desc = failed to resolve reference "x:y": x:y: not found'),
      'image-not-found',
    ],
    ['no such manifest', waits('ErrImagePull', 'manifest unknown: Failed to fetch "y"'), 'image-not-found'],
    ['a name that is none', waits('InvalidImageName', "couldn't parse image name"), 'image-not-found'],
    ['no credentials', pull('failed to authorize: 401 Unauthorized'), 'image-pull-denied'],
    ['no right to it', pull('denied: requested access to the resource is denied'), 'image-pull-denied'],
    [
      '403',
      pull('unexpected status from HEAD request to https://r.io/v2/x/manifests/y: 403 Forbidden'),
      'image-pull-denied',
    ],
    [
      'a repository that is private or missing',
      pull('pull access denied, repository does not exist or may require authorization: insufficient_scope'),
      'image-pull-denied',
    ],
    ['no such secret', waits('CreateContainerConfigError', 'secret "hf-token" not found'), 'container-config'],
    [
      'no such key',
      waits('CreateContainerConfigError', "couldn't find key HF_TOKEN in Secret ns/hf-token"),
      'container-config',
    ],
    ['three crashes', waits('CrashLoopBackOff', 'back-off 40s', { restartCount: 3 }), 'crash-loop'],
  ])('%s', (_, status, code) => {
    expect(terminalCause(pod({ statuses: [status] }))).toMatchObject({ code, pod: 'vllm-0', container: 'main' });
  });

  it.each<[string, Fields]>([
    ['a registry that times out', pull('dial tcp 10.0.0.1:443: i/o timeout')],
    ['a digest with 401 in it', pull('x@sha256:9f401a6c403b: context deadline exceeded')],
    ['a back-off without its reason', waits('ImagePullBackOff', 'Back-off pulling image "x"')],
    ['too many requests', pull('toomanyrequests: You have reached your pull rate limit')],
    [
      'a secret not yet synced',
      waits('CreateContainerConfigError', 'failed to sync secret cache: timed out waiting for the condition'),
    ],
    ['two crashes', waits('CrashLoopBackOff', 'back-off 20s', { restartCount: 2 })],
    ['a container being made', waits('ContainerCreating')],
    ['a running container', up('main')],
  ])('is not: %s', (_, status) => {
    expect(terminalCause(pod({ statuses: [status] }))).toBeNull();
  });

  it('is found in an init container too', () => {
    const init = { ...pull('not found'), name: 'storage-initializer' };
    expect(terminalCause(pod({ initStatuses: [init] }))?.container).toBe('storage-initializer');
  });

  it('tells how the container ended', () => {
    const lastState = { terminated: { exitCode: 2, message: 'unrecognized arguments' } };
    const status = waits('CrashLoopBackOff', 'back-off 40s', { restartCount: 3, lastState });
    expect(terminalCause(pod({ statuses: [status] }))?.message).toBe('exit 2: unrecognized arguments');
  });
});

it('counts states in a line', () => {
  const summaries = [up('main'), waits('ContainerCreating'), waits('ContainerCreating')].map((status, index) =>
    podSummary(pod({ statuses: [status], conditions: index === 0 ? READY : [] }), 'replica'),
  );
  expect(countStates(summaries)).toBe('1 Ready · 2 ContainerCreating');
  expect(countStates([])).toBe('no pods yet');
});
