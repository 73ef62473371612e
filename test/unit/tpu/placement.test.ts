import { describe, expect, it } from 'vitest';
import type { NodePoolInfo } from '../../../src/clients/google/node-pool.ts';
import type { PodSpec } from '../../../src/clients/kubernetes/kinds.ts';
import { chipsAsked, otherDevices, placementOn } from '../../../src/tpu/placement.ts';
import { POOL } from '../stages/fakes.ts';

const LEASED: NodePoolInfo = { ...POOL, labels: { team: 'serving', slots: '4' } };
const TPU = {
  tolerations: [{ key: 'google.com/tpu', operator: 'Exists' }],
  containers: [{ name: 'main', resources: { limits: { 'google.com/tpu': '4' } } }],
};

type Expression = [key: string, operator: string, ...values: string[]];

function affinity(...terms: Expression[][]): PodSpec {
  const nodeSelectorTerms = terms.map((term) => ({
    matchExpressions: term.map(([key, operator, ...values]) => ({ key, operator, values })),
  }));
  return {
    ...TPU,
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
  };
}

/** Whether a pod fits the nodes of the pool: yes, no, or not known. */
function fits(pod: PodSpec, pool: NodePoolInfo = LEASED): 'yes' | 'no' | '?' {
  const { misfits, unknown } = placementOn(pool, pod);
  return misfits.length > 0 ? 'no' : unknown.length > 0 ? '?' : 'yes';
}

const ACCELERATOR = 'cloud.google.com/gke-tpu-accelerator';
const TOPOLOGY = 'cloud.google.com/gke-tpu-topology';
const UNLISTED = 'cloud.google.com/gke-boot-disk';

describe('a node selector', () => {
  it.each<[Record<string, string>, ReturnType<typeof fits>]>([
    [{}, 'yes'],
    [{ 'cloud.google.com/gke-nodepool': 'v6e' }, 'yes'],
    [{ 'cloud.google.com/gke-nodepool': 'cpu' }, 'no'],
    [{ [ACCELERATOR]: 'tpu-v6e-slice', [TOPOLOGY]: '2x2' }, 'yes'],
    [{ [ACCELERATOR]: 'tpu-v6e-slice', [TOPOLOGY]: '2x4' }, 'no'],
    [{ 'cloud.google.com/gke-accelerator': 'nvidia-l4' }, 'no'],
    [{ 'cloud.google.com/gke-spot': 'true' }, 'yes'],
    [{ 'node.kubernetes.io/instance-type': 'ct6e-standard-8t' }, 'no'],
    [{ 'topology.kubernetes.io/zone': 'europe-west4-a', 'topology.kubernetes.io/region': 'europe-west4' }, 'yes'],
    [{ 'topology.kubernetes.io/zone': 'us-east5-b' }, 'no'],
    [{ team: 'serving' }, 'yes'],
    [{ team: 'training' }, 'no'],
    [{ 'example.com/rack': 'a' }, 'no'],
    [{ 'kubernetes.io/hostname': 'node-1' }, '?'],
    [{ [UNLISTED]: 'pd-ssd' }, '?'],
    [{ 'cloud.google.com/gke-accelerator-count': '4' }, 'yes'],
    [{ 'cloud.google.com/gke-accelerator-count': '8' }, 'no'],
    [{ 'cloud.google.com/gke-flex-start': 'true' }, 'no'],
  ])('%o fits: %s', (nodeSelector, expected) => {
    expect(fits({ ...TPU, nodeSelector })).toBe(expected);
  });

  it('of a spot node fits no pool on demand', () => {
    const nodeSelector = { 'cloud.google.com/gke-spot': 'true' };
    expect(fits({ ...TPU, nodeSelector }, { ...LEASED, spot: false })).toBe('no');
  });

  it('of an accelerator is not judged on a machine that is not in the table', () => {
    const nodeSelector = { [ACCELERATOR]: 'tpu-v9' };
    expect(fits({ ...TPU, nodeSelector }, { ...LEASED, machineType: 'tpu9z-standard-4t' })).toBe('?');
  });
});

describe('required node affinity', () => {
  it.each<[string, Expression[][], ReturnType<typeof fits>]>([
    ['In one of several', [[['team', 'In', 'training', 'serving']]], 'yes'],
    ['In others', [[['team', 'In', 'training']]], 'no'],
    ['In, of a label that is not there', [[['rack', 'In', 'a']]], 'no'],
    ['NotIn others', [[['team', 'NotIn', 'training']]], 'yes'],
    ['NotIn its own', [[['team', 'NotIn', 'serving']]], 'no'],
    ['NotIn, of a label that is not there', [[['rack', 'NotIn', 'a']]], 'yes'],
    ['Exists', [[['team', 'Exists']]], 'yes'],
    ['Exists, of a label that is not there', [[['rack', 'Exists']]], 'no'],
    ['DoesNotExist', [[['rack', 'DoesNotExist']]], 'yes'],
    ['DoesNotExist, of a GPU', [[['cloud.google.com/gke-accelerator', 'DoesNotExist']]], 'yes'],
    ['DoesNotExist, of a label that is there', [[['team', 'DoesNotExist']]], 'no'],
    ['Gt less', [[['slots', 'Gt', '3']]], 'yes'],
    ['Gt as much', [[['slots', 'Gt', '4']]], 'no'],
    ['Lt more', [[['slots', 'Lt', '10']]], 'yes'],
    ['Lt, of a label that is no number', [[['team', 'Lt', '10']]], 'no'],
    ['Gt, of a label that is not there', [[['rack', 'Gt', '1']]], 'no'],
    [
      'all expressions of a term',
      [
        [
          ['team', 'Exists'],
          ['rack', 'Exists'],
        ],
      ],
      'no',
    ],
    ['one of the terms', [[['rack', 'Exists']], [['team', 'Exists']]], 'yes'],
    ['a term that is not known beside one that fits', [[[UNLISTED, 'Exists']], [['team', 'Exists']]], 'yes'],
    ['a term that is not known beside one that does not', [[[UNLISTED, 'Exists']], [['rack', 'Exists']]], '?'],
    [
      'a term that is false whatever is not known',
      [
        [
          [UNLISTED, 'Exists'],
          ['rack', 'Exists'],
        ],
      ],
      'no',
    ],
    ['an empty term', [[]], 'no'],
    ['no term', [], 'no'],
  ])('%s', (_, terms, expected) => {
    expect(fits(affinity(...terms))).toBe(expected);
  });

  it('by the name of a node is not known, and neither is affinity to other pods', () => {
    const required = {
      nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n'] }] }],
    };
    const byName = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } };
    expect(fits({ ...TPU, affinity: byName })).toBe('?');
    const near = { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'cache' } } };
    const byPod = { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [near] } };
    expect(fits({ ...TPU, affinity: byPod })).toBe('?');
  });

  it('is named with its terms', () => {
    const pod = affinity(
      [
        ['team', 'In', 'training', 'batch'],
        ['rack', 'Exists'],
      ],
      [
        ['zone', 'DoesNotExist'],
        ['x', 'Exists'],
      ],
    );
    expect(placementOn(LEASED, pod).misfits[0]?.says).toBe(
      'required node affinity fits none of its nodes (team In training, batch and rack Exists or zone DoesNotExist and x Exists)',
    );
  });
});

describe('a taint of the pool', () => {
  const taints = (key: string, value: string, effect: string) => ({ ...LEASED, taints: [{ key, value, effect }] });
  const tolerating = (toleration: object): PodSpec => ({ ...TPU, tolerations: [...TPU.tolerations, toleration] });

  it.each<[string, PodSpec, NodePoolInfo, ReturnType<typeof fits>]>([
    ['that nobody tolerates', TPU, taints('team', 'x', 'NO_SCHEDULE'), 'no'],
    ['that is a preference', TPU, taints('team', 'x', 'PREFER_NO_SCHEDULE'), 'yes'],
    ['by its key', tolerating({ key: 'team', operator: 'Exists' }), taints('team', 'x', 'NO_EXECUTE'), 'yes'],
    ['by its value', tolerating({ key: 'team', value: 'x' }), taints('team', 'x', 'NO_SCHEDULE'), 'yes'],
    ['by another value', tolerating({ key: 'team', value: 'y' }), taints('team', 'x', 'NO_SCHEDULE'), 'no'],
    [
      'by another effect',
      tolerating({ key: 'team', operator: 'Exists', effect: 'NoSchedule' }),
      taints('team', 'x', 'NO_EXECUTE'),
      'no',
    ],
    ['by every key', tolerating({ operator: 'Exists' }), taints('team', 'x', 'NO_SCHEDULE'), 'yes'],
    ['by a value without a key', tolerating({ value: 'x' }), taints('team', 'x', 'NO_SCHEDULE'), 'no'],
    ['of TPU nodes', TPU, taints('google.com/tpu', 'present', 'NO_SCHEDULE'), 'yes'],
    ['of TPU nodes, for whose toleration GKE may care', { ...TPU, tolerations: [] }, LEASED, '?'],
    ['of TPU nodes that is not the common one', TPU, taints('google.com/tpu', 'mine', 'NO_EXECUTE'), 'yes'],
    ['of TPU nodes, for a pod without chips', { containers: [{ name: 'main' }] }, LEASED, 'no'],
  ])('%s', (_, pod, pool, expected) => {
    expect(fits(pod, pool)).toBe(expected);
  });
});

it('chips are those of all containers and native sidecars, by requests or else by limits', () => {
  const asks = (amount: string) => ({ resources: { limits: { 'google.com/tpu': amount } } });
  expect(chipsAsked(undefined)).toBe(0);
  expect(
    chipsAsked({
      containers: [
        { name: 'main', ...asks('2') },
        { name: 'other', ...asks('2') },
      ],
    }),
  ).toBe(4);
  const initContainers = [
    { name: 'once', ...asks('4') },
    { name: 'stays', restartPolicy: 'Always', ...asks('1') },
  ];
  expect(chipsAsked({ initContainers, containers: [{ name: 'main', ...asks('3') }] })).toBe(4);
  expect(chipsAsked({ containers: [{ name: 'main', ...asks('{{ .Spec.Chips }}') }] })).toBeNull();
});

it('other devices are those of device plugins', () => {
  const limits = { cpu: '4', memory: '1Gi', 'nvidia.com/gpu': '1', 'rdma/roce_gdr': '1', 'amd.com/gpu': '0' };
  expect(otherDevices({ containers: [{ name: 'main', resources: { limits } }] })).toEqual([
    'nvidia.com/gpu',
    'rdma/roce_gdr',
  ]);
});
