import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { labScenario } from './envoy-states.ts';
import { kserveContract, unexplained } from './kserve.ts';
import { type KserveObservation, observeKserve, shippedService } from './kserve-observe.ts';
import { NAMESPACE, startWorld, until, type World } from './world.ts';

describe.each(['pattern3', 'pattern1'] as const)('the lab, held against recordings of KServe v0.20.0', (pattern) => {
  let world: World | undefined;
  let observing: Promise<KserveObservation>;
  beforeAll(async () => {
    world = await startWorld({ scenario: labScenario('healthy'), timeScale: 50 });
    const service = await shippedService(pattern);
    await withdraw(world, service.metadata.name);
    observing = observeKserve(world, service);
    await observing;
  }, 60_000);
  afterAll(() => world?.stop());
  kserveContract(pattern, () => observing, 'lab');
});

describe('a state that no recording caught', () => {
  it.each([
    'False HTTPRouteReconcileError: failed to update HTTPRoute: the object has been modified',
    'False SchedulerReconcileError: failed to create InferencePool: it already exists',
    'False ReconcileSingleNodeWorkloadError: the object has been modified',
    'False GatewaysNotReady: The following Gateways are not ready',
  ])('is explained for the real parts by the sources: %s', (state) => {
    expect(unexplained('Ready', [state, 'True'], 'real')).toEqual([]);
    expect(unexplained('Ready', [state, 'True'], 'lab')).toEqual([state]);
  });

  it.each(['False LunarEclipse: why', 'False TokenizerReconcileError', 'Lost'])(
    'is not explained where no source has its reason: %s',
    (state) => {
      expect(unexplained('Ready', [state, 'True'], 'real')).toEqual([state]);
    },
  );
});

/** Deletes the service that the lab's cluster has from its start. */
async function withdraw(world: World, name: string): Promise<void> {
  const path = `/apis/serving.kserve.io/v1alpha1/namespaces/${NAMESPACE}/llminferenceservices/${name}`;
  await world.api.ask('DELETE', path);
  const deployments = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`;
  await until(`nothing is left of ${name}`, async () => {
    const { body } = await world.api.ask('GET', deployments);
    const left = (body.items as { metadata: { name: string } }[]).some(({ metadata }) => metadata.name.includes(name));
    return !left && (await world.api.ask('GET', path)).status === 404;
  });
}
