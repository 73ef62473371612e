import { type ClusterStatus, type EnvoyObservation, isHealthy, readClusters, readMetrics } from './envoy-observe.ts';
import { observeState, STATES, type State } from './envoy-states.ts';
import { type KserveObservation, observeKserve, shippedService } from './kserve-observe.ts';
import { observePicker, type PickerObservation } from './picker-observe.ts';
import { manifest, NAMESPACE, until, type World } from './world.ts';

/** Everything that is recorded of the real parts, by the name of its file. */
export interface StackObservation {
  'envoy.json': Record<State, EnvoyObservation>;
  /** The service's clusters on the healthy stack, as the admin listener has them. */
  'envoy-clusters.json': { cluster_statuses: ClusterStatus[] };
  /** The families of Envoy's metrics that the gateway has after requests, in the Prometheus text format. */
  'envoy-metrics.txt': string;
  'picker.json': PickerObservation;
  /** The picker's own metrics in the Prometheus text format. */
  'picker-metrics.txt': string;
  'kserve-pattern1.json': KserveObservation;
  'kserve-pattern3.json': KserveObservation;
}

/** Plays both shipped patterns on the stack of real parts, one after the other, and Pattern 3 in every state of Envoy. */
export async function observeStack(
  world: World,
  assets: string,
  say: (what: string) => void = () => {},
): Promise<StackObservation> {
  const envoy = {} as StackObservation['envoy.json'];
  let clusters: StackObservation['envoy-clusters.json'] | undefined;
  let metrics = '';
  let picker: Awaited<ReturnType<typeof observePicker>> | undefined;
  await addRules(world, 'pattern3');
  const pattern3 = await observeKserve(world, await shippedService('pattern3'), async () => {
    await until('a healthy gateway', () => isHealthy(world));
    say('Pattern 3 is Ready');
    for (const state of STATES) {
      envoy[state] = await observeState(world, state);
      if (state === 'healthy') {
        const read = await readClusters(world);
        clusters = { cluster_statuses: Object.values(read).filter((one) => one !== undefined) };
        metrics = await readMetrics(world);
        picker = await observePicker(world, assets);
      }
      say(`Envoy, ${state}`);
    }
  });
  say('Pattern 3 is gone');
  const pattern1 = await observeKserve(world, await shippedService('pattern1'));
  say('Pattern 1 is gone');
  if (!picker || !clusters) throw new Error('the picker was not observed');
  const { text, ...rest } = picker;
  return {
    'envoy.json': envoy,
    'envoy-clusters.json': clusters,
    'envoy-metrics.txt': metrics,
    'picker.json': rest,
    'picker-metrics.txt': text,
    'kserve-pattern1.json': pattern1,
    'kserve-pattern3.json': pattern3,
  };
}

/** Adds the DestinationRules that upstream KServe leaves to its users. */
export async function addRules(world: World, pattern: 'pattern1' | 'pattern3'): Promise<void> {
  for (const rule of await manifest(`components/upstream-kserve/destinationrules-${pattern}.yaml`)) {
    const path = `/apis/networking.istio.io/v1/namespaces/${NAMESPACE}/destinationrules`;
    const { status, body } = await world.api.ask('POST', path, rule);
    if (status !== 201) throw new Error(`DestinationRule ${rule.metadata.name}: HTTP ${status}: ${body.message}`);
  }
}
