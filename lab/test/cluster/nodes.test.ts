import { afterEach, describe, expect, it } from 'vitest';
import { NODES } from '../../cluster/resources.ts';
import type { KubeObject } from '../../protocol.ts';
import { condition, nodePool, type TestCluster, testCluster, until } from './harness.ts';

let lab: TestCluster;
afterEach(() => lab.close());

const isTpu = (node: KubeObject) => node.metadata.labels?.['cloud.google.com/gke-nodepool'] === 'tpu-v6e-pool';

describe('Node objects', () => {
  it('follow the VMs of their pool: NotReady, Ready, with chips, NotReady, gone', async () => {
    lab = await testCluster();
    expect(lab.store.list(NODES).map((node) => condition(node, 'Ready')?.status)).toEqual(['True']);
    const seen: string[] = [];
    const unsubscribe = lab.store.subscribe(({ type, resource, object }) => {
      if (resource.plural !== 'nodes' || !isTpu(object)) return;
      const ready = type === 'DELETED' ? 'gone' : `${condition(object, 'Ready')?.status}`;
      seen.push(`${ready} ${object.status.allocatable['google.com/tpu'] ?? 'no'} chips`);
    });
    lab.cluster.setNodePool('tpu-v6e-pool', nodePool(1));
    const node = await until('chips', () =>
      lab.store.list(NODES).find((one) => isTpu(one) && one.status.allocatable['google.com/tpu'] === '4'),
    );
    expect(node.metadata.labels).toMatchObject({
      'cloud.google.com/gke-tpu-accelerator': 'tpu-v6e-slice',
      'cloud.google.com/gke-tpu-topology': '2x2',
      'node.kubernetes.io/instance-type': 'ct6e-standard-4t',
      'topology.kubernetes.io/zone': 'europe-west4-a',
    });
    expect(node.spec.taints).toEqual([{ key: 'google.com/tpu', value: 'present', effect: 'NoSchedule' }]);
    lab.cluster.setNodePool('tpu-v6e-pool', nodePool(0));
    await until('the CPU node alone', () => lab.store.list(NODES).length === 1);
    unsubscribe();
    expect(seen).toEqual(['False no chips', 'True no chips', 'True 4 chips', 'Unknown 4 chips', 'gone 4 chips']);
  });

  it('never come up for a VM that goes before', async () => {
    lab = await testCluster();
    lab.cluster.setNodePool('tpu-v6e-pool', nodePool(2));
    lab.cluster.setNodePool('tpu-v6e-pool', nodePool(1));
    await until('chips', () => lab.store.list(NODES).some((one) => one.status.allocatable['google.com/tpu'] === '4'));
    expect(lab.store.list(NODES).filter(isTpu)).toHaveLength(1);
  });
});
