import { describe, expect, it } from 'vitest';
import type { HTTPRoute, InferencePool } from '../../../src/clients/kubernetes/kinds.ts';
import { isOwnedBy, servicesOwning } from '../../../src/stack/ownership.ts';
import { findPool, pickerService, poolConditions } from '../../../src/stack/pools.ts';
import { gatewayRefs, isAttached, listOwnRoutes, parentConditions, routeReports } from '../../../src/stack/routes.ts';
import { fakeKube } from '../stages/fakes.ts';

const SERVICE = { apiVersion: 'serving.kserve.io/v1alpha1', name: 'qwen', namespace: 'ns' };

function route(spec: HTTPRoute['spec'], metadata: Partial<HTTPRoute['metadata']> = {}): HTTPRoute {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'r', namespace: 'ns', ...metadata },
    ...(spec ? { spec } : {}),
  };
}

const owner = (name: string, apiVersion?: string) => ({
  kind: 'LLMInferenceService',
  name,
  uid: 'u',
  ...(apiVersion ? { apiVersion } : {}),
});

describe('the gateways of a route', () => {
  const own = route({
    parentRefs: [{ name: 'near' }, { name: 'far', namespace: 'infra' }, { name: 's', kind: 'Service' }],
  });

  it('are in its own namespace by default, and parents of other kinds are none', () => {
    expect(gatewayRefs(own)).toEqual([
      { name: 'near', namespace: 'ns' },
      { name: 'far', namespace: 'infra' },
    ]);
    expect(gatewayRefs(route(undefined))).toEqual([]);
  });

  it.each([
    [{ name: 'near', namespace: 'ns' }, true],
    [{ name: 'far', namespace: 'infra' }, true],
    [{ name: 'far', namespace: 'ns' }, false],
    [{ name: 's', namespace: 'ns' }, false],
  ])('include %j: %s', (gateway, attached) => {
    expect(isAttached(own, gateway)).toBe(attached);
  });

  it('have reported nothing where a status is missing or odd', () => {
    expect(parentConditions(undefined, 1)).toEqual([]);
    expect(parentConditions([{}, { conditions: 'none' as never }], 1)).toEqual([]);
    expect(routeReports(own)).toEqual([]);
  });

  it('report on the present generation, or without one', () => {
    const at = (observedGeneration?: number) => ({
      type: 'Accepted',
      status: 'False',
      ...(observedGeneration === undefined ? {} : { observedGeneration }),
    });
    const parents = [{ conditions: [at(1), at(2), at(0), at()] }];
    expect(parentConditions(parents, 2)).toEqual([at(2), at(0), at()]);
    expect(parentConditions(parents, undefined)).toHaveLength(4);
  });

  it('count while the route names them, and policy controllers do not', () => {
    const accepted = [{ type: 'Accepted', status: 'True' }];
    const report = (name: string, namespace?: string, conditions = accepted) => ({
      parentRef: { name, ...(namespace ? { namespace } : {}) },
      conditions,
    });
    const former = report('former');
    const policy = report('near', undefined, [{ type: 'PolicyAffected', status: 'True' }]);
    const parents = [
      report('near', 'ns'),
      report('far', 'infra'),
      report('far'),
      former,
      policy,
      { conditions: accepted },
    ];
    expect(routeReports({ ...own, status: { parents } })).toEqual([parents[0], parents[1], parents[5]]);
  });
});

describe('the owner of an object', () => {
  it('is a service by name and group, whatever the version', () => {
    const owned = route(undefined, { ownerReferences: [owner('qwen', 'serving.kserve.io/v1alpha2')] });
    expect(isOwnedBy(owned, SERVICE)).toBe(true);
    expect(isOwnedBy(owned, { ...SERVICE, name: 'other' })).toBe(false);
    expect(isOwnedBy(route(undefined, { ownerReferences: [owner('qwen', 'example.com/v1')] }), SERVICE)).toBe(false);
    expect(isOwnedBy(route(undefined), SERVICE)).toBe(false);
  });

  it('is listed by name among owners of other kinds', () => {
    const ownerReferences = [{ kind: 'Deployment', name: 'd', uid: 'v' }, owner('qwen')];
    expect(servicesOwning(route(undefined, { ownerReferences }))).toEqual(['qwen']);
    expect(servicesOwning(route(undefined))).toEqual([]);
  });

  it('decides which routes are those of a service', async () => {
    const made = route(undefined, { name: 'made', ownerReferences: [owner('qwen', SERVICE.apiVersion)] });
    const { kube } = fakeKube({ HTTPRoute: () => [route(undefined, { name: 'else' }), made] });
    expect(await listOwnRoutes(kube, SERVICE)).toEqual([made]);
  });
});

describe('an InferencePool', () => {
  const pool = (change: Partial<InferencePool>): InferencePool => ({
    apiVersion: 'inference.networking.k8s.io/v1',
    kind: 'InferencePool',
    metadata: { name: 'p', namespace: 'ns' },
    ...change,
  });
  const conditions = [{ type: 'Accepted', status: 'True' }];

  it('has its picker and its parents under the names of either version', () => {
    expect(pickerService(pool({ spec: { endpointPickerRef: { name: 'new' } } }))).toBe('new');
    expect(pickerService(pool({ spec: { extensionRef: { name: 'old' } } }))).toBe('old');
    expect(pickerService(pool({}))).toBeNull();
    expect(poolConditions(pool({ status: { parents: [{ conditions }] } }))).toEqual(conditions);
    expect(poolConditions(pool({ status: { parent: [{ conditions }] } }))).toEqual(conditions);
    expect(poolConditions(pool({}))).toEqual([]);
  });

  it('is found in the first version that has it', async () => {
    const asked: string[] = [];
    const { kube } = fakeKube({});
    const found = await findPool(
      {
        ...kube,
        versionsOf: async () => ['v1', 'v1alpha2'],
        get: (async ({ apiVersion }: { apiVersion: string }) => {
          asked.push(apiVersion);
          return apiVersion.endsWith('v1alpha2') ? pool({}) : null;
        }) as typeof kube.get,
      },
      { group: 'g', name: 'p', namespace: 'ns' },
    );
    expect(asked).toEqual(['g/v1', 'g/v1alpha2']);
    expect(found).toEqual({ apiVersion: 'g/v1alpha2', pool: pool({}) });
  });
});
