import type { DiagnosisScenario } from '../types.ts';
import { manifest, scenario } from './shared.ts';

const CHIPS: [string, string] = ['google.com/tpu: "4"\n          limits:', 'google.com/tpu: "2"\n          limits:'];

/** Inputs and pools that no run can go on with. */
export const INPUT_SCENARIOS: readonly DiagnosisScenario[] = [
  manifest('half-the-chips', 'a replica asks for half of the chips of its node', 'pool.mismatch', CHIPS),
  scenario('too-few-nodes', 'fewer nodes are leased than there are replicas', 'pool.too-small', {
    flags: ['--nodes=2'],
  }),
  scenario('too-many-nodes', 'more nodes are leased than a run may', 'pool.too-many-nodes', {
    flags: ['--nodes=12'],
  }),
  scenario('pool-autoscaled', 'the node pool is autoscaled', 'pool.autoscaled', {
    gcp: { pool: { autoscaling: { enabled: true, maxNodeCount: 4 } } },
    flags: ['--capacity=resize'],
  }),
  scenario('autoscaler-keeps-nodes', 'the autoscaler keeps a node that should go', 'pool.autoscaler-limits', {
    gcp: { pool: { autoscaling: { enabled: true, totalMinNodeCount: 1, totalMaxNodeCount: 4 } } },
  }),
  scenario('no-autoscaler', 'nodes are to come by demand in a pool without an autoscaler', 'pool.not-autoscaled', {
    flags: ['--capacity=demand'],
  }),
  scenario('pool-of-two-zones', 'the node pool spans two zones', 'pool.multi-zone', {
    gcp: { pool: { locations: ['europe-west4-a', 'europe-west4-b'] } },
  }),
  scenario('pool-broken', 'the node pool is in an error state', 'pool.unusable', {
    gcp: { pool: { status: 'ERROR' } },
  }),
  scenario('pool-misnamed', 'the input names a pool that does not exist', 'pool.not-found', {
    flags: ['--node-pool=tpu-v5e'],
  }),
  scenario('cluster-misnamed', 'the input names a cluster that does not exist', 'gke.not-found', {
    flags: ['--cluster=elsewhere'],
  }),
  scenario('cost-limit', 'the limit of the cost pays for no run', 'config.max-cost', { flags: ['--max-cost=2'] }),
  scenario(
    'internal-gateway-alone',
    'the runner cannot reach the gateway, and no image may load it',
    'config.load-image',
    {
      cluster: { gateway: 'internal' },
      flags: ['--load-from=auto'],
    },
  ),
  scenario('prompts-too-short', 'the prompts hold no block of the prefix cache', 'config.prompt-too-short', {
    flags: ['--prompt-tokens=100'],
  }),
  scenario('prompts-too-long', 'the prompts do not fit into the model’s sequence', 'config.prompt-too-long', {
    flags: ['--prompt-tokens=4000'],
  }),
];
