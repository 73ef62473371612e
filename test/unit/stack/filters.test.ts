import { describe, expect, it } from 'vitest';
import type { EnvoyFilter, EnvoyPatch } from '../../../src/clients/kubernetes/kinds.ts';
import { readFilter, selectsGateway } from '../../../src/stack/filters.ts';

const TARGET = { namespace: 'ns', service: 'qwen' };
const overrides = (value: unknown) => ({
  typed_per_filter_config: { 'envoy.filters.http.ext_proc': { overrides: value } },
});

function filter(patches: EnvoyPatch[], gateway?: string): EnvoyFilter {
  return {
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'EnvoyFilter',
    metadata: { name: 'f', namespace: 'opendatahub' },
    spec: {
      configPatches: patches,
      ...(gateway ? { workloadSelector: { labels: { 'gateway.networking.k8s.io/gateway-name': gateway } } } : {}),
    },
  };
}

const onRoute = (value: unknown, name?: string): EnvoyPatch => ({
  applyTo: 'HTTP_ROUTE',
  patch: { value },
  ...(name ? { match: { routeConfiguration: { vhost: { route: { name } } } } } : {}),
});

describe('an EnvoyFilter', () => {
  it.each<[string, EnvoyPatch, boolean]>([
    ['an override without a service on every route', onRoute(overrides({ processing_mode: {} })), true],
    ['one that names a service', onRoute(overrides({ grpc_service: {} })), false],
    ['one on a route of the service', onRoute(overrides({}), 'ns.qwen-kserve-route.0'), true],
    ['one on a rule that every service has', onRoute(overrides({}), 'v1-completions'), true],
    ['one on a route of another service', onRoute(overrides({}), 'ns.other-kserve-route.0'), false],
    ['one of another filter', onRoute({ lua: {} }), false],
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

  it('applies to the gateway that it names, or to every one', () => {
    expect(selectsGateway(filter([], 'gw'), { name: 'gw' })).toBe(true);
    expect(selectsGateway(filter([], 'gw'), { name: 'else' })).toBe(false);
    expect(selectsGateway(filter([], 'gw'), null)).toBe(false);
    expect(selectsGateway(filter([]), { name: 'gw' })).toBe(true);
    expect(selectsGateway(filter([]), null)).toBe(true);
  });
});
