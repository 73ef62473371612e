import { describe, expect, it } from 'vitest';
import type { EnvoyFilter, EnvoyPatch } from '../../../src/clients/kubernetes/kinds.ts';
import { appliesTo, type PodLabels, readFilter } from '../../../src/stack/filters.ts';
import { GATEWAY_LABEL } from '../../../src/stack/labels.ts';

const TARGET = { namespace: 'ns', service: 'qwen' };
const overrides = (value: unknown) => ({
  typed_per_filter_config: { 'envoy.filters.http.ext_proc': { overrides: value } },
});

function filter(patches: EnvoyPatch[]): EnvoyFilter {
  return {
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'EnvoyFilter',
    metadata: { name: 'f', namespace: 'opendatahub' },
    spec: { configPatches: patches },
  };
}

const onRoute = (value: unknown, name?: string): EnvoyPatch => ({
  applyTo: 'HTTP_ROUTE',
  patch: { value },
  ...(name ? { match: { routeConfiguration: { vhost: { route: { name } } } } } : {}),
});

const EXT_PROC = 'envoy.filters.http.ext_proc';
const onFilter = (operation: string, name = EXT_PROC, value?: object): EnvoyPatch => ({
  applyTo: 'HTTP_FILTER',
  match: { listener: { filterChain: { filter: { subFilter: { name } } } } },
  patch: { operation, ...(value ? { value } : {}) },
});

describe('an EnvoyFilter', () => {
  it.each<[string, EnvoyPatch, boolean]>([
    ['an override without a service on every route', onRoute(overrides({ processing_mode: {} })), true],
    ['one that names a service', onRoute(overrides({ grpc_service: {} })), false],
    ['one on a route of the service', onRoute(overrides({}), 'ns.qwen-kserve-route.0'), true],
    ['one on a rule that every service has', onRoute(overrides({}), 'v1-completions'), true],
    ['one on a route of another service', onRoute(overrides({}), 'ns.other-kserve-route.0'), false],
    ['one of another filter', onRoute({ lua: {} }), false],
    ['one of sidecars', { ...onRoute(overrides({})), match: { context: 'SIDECAR_OUTBOUND' } }, false],
    ['one of gateways', { ...onRoute(overrides({})), match: { context: 'GATEWAY' } }, true],
    ['the filter removed', onFilter('REMOVE'), true],
    ['another filter removed', onFilter('REMOVE', 'envoy.filters.http.cors'), false],
    ['the filter replaced by another', onFilter('REPLACE', undefined, { name: 'envoy.filters.http.lua' }), true],
    ['the filter replaced by one like it', onFilter('REPLACE', undefined, { name: EXT_PROC }), false],
    ['something before the filter', onFilter('INSERT_BEFORE', undefined, { name: 'envoy.filters.http.lua' }), false],
    ['one of a listener', { ...onRoute(overrides({})), applyTo: 'LISTENER' }, false],
  ])('erases the picker: %s: %s', (_, patch, erases) => {
    expect(readFilter(filter([patch]), TARGET).erasesPicker).toBe(erases);
  });

  it('may buffer requests, name routes and change how a cluster is reached', () => {
    const view = readFilter(
      filter([
        onRoute(overrides({ request_body_mode: 'BUFFERED', grpc_service: {} }), 'ns.qwen.0'),
        { applyTo: 'CLUSTER', patch: { value: { transport_socket: {} } } },
      ]),
      TARGET,
    );
    expect(view).toEqual({ erasesPicker: false, buffers: true, routes: ['ns.qwen.0'], patchesCluster: true });
  });

  it('does nothing where it is empty', () => {
    const { spec: _, ...empty } = filter([]);
    expect(readFilter(empty, TARGET)).toEqual({
      erasesPicker: false,
      buffers: false,
      routes: [],
      patchesCluster: false,
    });
    expect(readFilter(filter([{}]), TARGET).erasesPicker).toBe(false);
  });

  const GATEWAY = { namespace: 'opendatahub', name: 'gw' };
  const LABELS = { [GATEWAY_LABEL]: 'gw', 'gateway.networking.k8s.io/gateway-class-name': 'istio', team: 'serving' };
  const OTHER = { [GATEWAY_LABEL]: 'gw', team: 'web' };
  const ref = (fields: object = {}) => ({
    targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'gw', ...fields }],
  });
  const selector = (labels: Record<string, string>) => ({ workloadSelector: { labels } });

  it.each<[string, string, EnvoyFilter['spec'], PodLabels, boolean | null]>([
    ['of its namespace', 'opendatahub', {}, null, true],
    ['of Istio’s namespace', 'istio-system', {}, null, true],
    ['of the namespace of the service', 'ns', {}, null, false],
    ['for the gateway by its label', 'opendatahub', selector({ [GATEWAY_LABEL]: 'gw' }), null, true],
    ['for another gateway', 'istio-system', selector({ [GATEWAY_LABEL]: 'else', team: 'serving' }), null, false],
    ['for labels that its pods have', 'istio-system', selector({ team: 'serving' }), [LABELS], true],
    ['for labels that one of its pods has', 'opendatahub', selector({ team: 'serving' }), [OTHER, LABELS], true],
    ['for labels of which its pods have some', 'opendatahub', selector({ ...OTHER, app: 'x' }), [OTHER], false],
    ['for labels of pods that are not known', 'opendatahub', selector({ team: 'serving' }), null, null],
    ['that names it', 'opendatahub', ref(), null, true],
    ['that names it and its namespace', 'opendatahub', ref({ namespace: 'opendatahub' }), null, true],
    ['that names another', 'opendatahub', ref({ name: 'else' }), null, false],
    ['that names a Service', 'opendatahub', ref({ group: '', kind: 'Service' }), null, false],
    ['that names it from Istio’s namespace', 'istio-system', ref(), null, false],
    ['that names it in another namespace', 'opendatahub', ref({ namespace: 'else' }), null, false],
    ['that names another, whatever it selects', 'opendatahub', { ...ref({ name: 'x' }), ...selector({}) }, null, false],
  ])('%s applies to a gateway as Istio decides it', (_, namespace, spec = {}, pods, applies) => {
    const one = { ...filter([]), metadata: { name: 'f', namespace }, spec };
    expect(appliesTo(one, GATEWAY, pods)).toBe(applies);
  });
});
