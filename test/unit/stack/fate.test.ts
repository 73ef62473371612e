import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { blameOf, type Fate, fateOf, faultsAmong } from '../../../src/stack/fate.ts';

interface Recording {
  module: string;
  reasons: { reason: string; type: string | null; file: string }[];
}

/** Taken from the sources by `npm run record:reasons`. */
const RECORDED = JSON.parse(
  readFileSync(new URL('../../fixtures/condition-reasons.json', import.meta.url), 'utf8'),
) as Recording[];

const reasonsOf = (module: string) => {
  const found = RECORDED.find((recording) => recording.module.startsWith(`${module}@`));
  if (!found) throw new Error(`nothing is recorded of ${module}`);
  return found.reasons;
};

/** What becomes of each reason that KServe v0.20 gives, as a reader of its sources decides. */
const KSERVE: Record<string, Fate> = {
  // An error that the controller meets again at each try.
  CombineBaseError: 'ends',
  HTTPRouteFetchError: 'ends',
  HTTPRouteReconcileError: 'ends',
  InferencePoolFetchError: 'ends',
  PlatformNetworkingReconcileError: 'ends',
  ReconcileCertsError: 'ends',
  ReconcileMultiNodeWorkloadError: 'ends',
  ReconcileScalingError: 'ends',
  ReconcileSingleNodeWorkloadError: 'ends',
  ReconcileWorkloadPermissionsError: 'ends',
  ReconcileWorkloadServiceError: 'ends',
  SchedulerReconcileError: 'ends',
  // Not tried again: router.go returns without an error.
  GatewayPreconditionNotMet: 'ends',
  // Not tried again until somebody makes the object.
  ConfigNotFound: 'ends',
  ScalingCRDNotFound: 'ends',
  RefsInvalid: 'ends',
  // The annotation serving.kserve.io/stop is on the service.
  Stopped: 'ends',
  // Steps on the way, which a slow cluster takes its time for.
  FinalizationPending: 'beside',
  GatewaysNotReady: 'progress',
  HPAProgressing: 'progress',
  HTTPRoutesNotReady: 'progress',
  InferencePoolNotReady: 'progress',
  Progressing: 'progress',
  ScaledObjectProgressing: 'progress',
  WaitingForGateway: 'progress',
  // Warnings that keep nothing from becoming Ready.
  ImageVolumeAlpha: 'beside',
  ImageVolumeSubPathUnsupported: 'beside',
  ImageVolumeUnsupported: 'beside',
};

/** Of a route or a pool: `good` is a reason of conditions that are True. */
const ON_PARENT: Record<string, Fate | 'good'> = {
  Accepted: 'good',
  ResolvedRefs: 'good',
  BackendNotFound: 'ends',
  IncompatibleFilters: 'ends',
  InvalidKind: 'ends',
  NoMatchingListenerHostname: 'ends',
  NoMatchingParent: 'ends',
  NotAllowedByListeners: 'ends',
  RefNotPermitted: 'ends',
  UnsupportedProtocol: 'ends',
  UnsupportedValue: 'ends',
  HTTPRouteNotAccepted: 'ends',
  InvalidExtensionRef: 'ends',
  NotSupportedByParent: 'ends',
  Pending: 'progress',
};

/** Of a gateway or a listener. */
const ON_GATEWAY: Record<string, Fate> = {
  AddressNotUsable: 'ends',
  HostnameConflict: 'ends',
  Invalid: 'ends',
  InvalidCACertificateKind: 'ends',
  InvalidCACertificateRef: 'ends',
  InvalidCertificateRef: 'ends',
  InvalidClientCertificateRef: 'ends',
  InvalidParameters: 'ends',
  InvalidRouteKinds: 'ends',
  ListenersNotValid: 'ends',
  NoValidCACertificate: 'ends',
  PortUnavailable: 'ends',
  ProtocolConflict: 'ends',
  UnsupportedAddress: 'ends',
  AddressNotAssigned: 'progress',
  ListenersNotReady: 'progress',
  ListenersNotResolved: 'progress',
  NoConflicts: 'progress',
  NoResources: 'progress',
  NotReconciled: 'progress',
};

/** Reasons of conditions that are True, or that no condition of a wait has. */
const NEVER_FALSE = new Set([
  ...['Attached', 'ConfigurationChanged', 'Exported', 'NotRequested', 'NotSupported', 'OverlappingCertificates'],
  ...['OverlappingHostnames', 'Programmed', 'Ready', 'Scheduled'],
]);

describe('every reason in the sources of KServe', () => {
  const recorded = reasonsOf('github.com/kserve/kserve');

  it('was decided on, and nothing else', () => {
    expect([...new Set(recorded.map(({ reason }) => reason))].sort()).toEqual(Object.keys(KSERVE).sort());
  });

  it.each(recorded)('$reason of $type in $file', ({ reason, type }) => {
    expect(fateOf({ type: type ?? 'MainWorkloadReady', reason }, 'kserve')).toBe(KSERVE[reason]);
  });
});

describe('every reason in the sources of the Gateway API and its inference extension', () => {
  const recorded = [
    ...reasonsOf('sigs.k8s.io/gateway-api'),
    ...reasonsOf('sigs.k8s.io/gateway-api-inference-extension'),
  ];
  const reasons = [...new Set(recorded.map(({ reason }) => reason))];

  it.each(reasons)('%s', (reason) => {
    const onParent = ON_PARENT[reason];
    const onGateway = ON_GATEWAY[reason];
    expect(onParent !== undefined || onGateway !== undefined || NEVER_FALSE.has(reason), 'was decided on').toBe(true);
    if (onParent && onParent !== 'good') {
      for (const type of ['Accepted', 'ResolvedRefs']) {
        expect(fateOf({ type, reason }, 'gateway-on-parent')).toBe(onParent);
      }
    }
    if (onGateway) expect(fateOf({ type: 'Programmed', reason }, 'other')).toBe(onGateway);
  });
});

describe('a reason that no source has yet', () => {
  it.each<[string, Fate]>([
    ['TokenizerReconcileError', 'ends'],
    ['NodePreconditionNotMet', 'ends'],
    ['LatencyPredictorFailed', 'ends'],
    ['TokenizerCRDNotFound', 'ends'],
    ['InvalidTopology', 'ends'],
    ['TokenizerNotReady', 'progress'],
    ['MinimumReplicasUnavailable', 'progress'],
    ['ProgressDeadlineExceeded', 'progress'],
    ['FailedGetResourceMetric', 'progress'],
    ['LunarEclipse', 'progress'],
    ['', 'progress'],
  ])('%s: %s', (reason, fate) => {
    for (const type of ['MainWorkloadReady', 'TokenizerReady']) expect(fateOf({ type, reason }, 'kserve')).toBe(fate);
    expect(fateOf({ type: 'Programmed', reason }, 'other')).toBe(fate);
  });

  it('ends a wait where nothing is made without the condition', () => {
    expect(fateOf({ type: 'PresetsCombined', reason: 'LunarEclipse' }, 'kserve')).toBe('ends');
    expect(fateOf({ type: 'Accepted', reason: 'LunarEclipse' }, 'gateway-on-parent')).toBe('ends');
    expect(fateOf({ type: 'PartiallyInvalid', reason: 'AsIs' }, 'gateway-on-parent')).toBe('progress');
  });
});

it('a fault is reported once, by its narrowest condition', () => {
  const at = (type: string, reason = 'SchedulerReconcileError') => ({ type, status: 'False', reason, message: 'why' });
  const types = (...list: ReturnType<typeof at>[]) => faultsAmong(list, 'kserve').map(({ type }) => type);
  expect(types(at('Ready'), at('RouterReady'), at('SchedulerWorkloadReady'))).toEqual(['SchedulerWorkloadReady']);
  expect(types(at('Ready'), at('WorkloadsReady'))).toEqual(['WorkloadsReady']);
  expect(types(at('Ready'))).toEqual(['Ready']);
  expect(types(at('Ready'), at('HTTPRoutesReady', 'HTTPRouteFetchError'))).toEqual(['Ready', 'HTTPRoutesReady']);
  expect(types({ ...at('Ready'), status: 'Unknown' }, { ...at('Ready'), status: 'True' })).toEqual([]);
});

it.each([
  [
    'ReconcileSingleNodeWorkloadError',
    'Deployment.apps "q" is invalid: spec.template.spec.containers[0].image: Required value',
    'change',
  ],
  ['ReconcileSingleNodeWorkloadError', 'admission webhook "policy" denied the request: no latest tags', 'change'],
  ['RefsInvalid', 'Gateway infra/absent does not exist', 'change'],
  ['Stopped', 'Service is stopped', 'change'],
  [
    'SchedulerReconcileError',
    'inferencepools is forbidden: User "system:serviceaccount:kserve:x" cannot create',
    'cluster',
  ],
  ['ReconcileSingleNodeWorkloadError', 'failed calling webhook "x": connection refused', 'cluster'],
  ['GatewayPreconditionNotMet', 'no matches for kind "EnvoyFilter"', 'cluster'],
  ['LunarEclipse', '', 'cluster'],
])('%s: %s is for %s', (reason, message, blame) => {
  expect(blameOf({ reason, message })).toBe(blame);
});
