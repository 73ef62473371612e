/** What the lab does differently from a healthy day. The product never sees this. */
export interface Scenario {
  name: string;
  summary: string;
  gcp: {
    /** `stockout`: the resize ends in GCE_STOCKOUT after a wait and the group keeps its target size. */
    resize: 'ok' | 'stockout';
  };
  cluster: {
    /** `not-found`: the registry does not know the vLLM image's tag. */
    image: 'ok' | 'not-found';
  };
  serving: {
    /** Speed-up of three busy replicas over one: 3 is perfect scaling; less makes busy replicas slow each other down. */
    scaling: number;
    /** `bypassed`: the gateway fails open and spreads requests evenly, as with a broken ext_proc. */
    picker: 'prefix' | 'bypassed';
  };
  /** How a run of the gate must end. */
  expect: { exitCode: number; verdict: 'pass' | 'fail' | 'inconclusive' | 'invalid' | 'error'; cause: string | null };
}

const HEALTHY = {
  gcp: { resize: 'ok' },
  cluster: { image: 'ok' },
  serving: { scaling: 2.74, picker: 'prefix' },
} satisfies Pick<Scenario, 'gcp' | 'cluster' | 'serving'>;

export const SCENARIOS: Record<string, Scenario> = {
  pass: {
    ...HEALTHY,
    name: 'pass',
    summary: 'three healthy replicas behind a prefix-aware endpoint picker',
    expect: { exitCode: 0, verdict: 'pass', cause: null },
  },
  slow: {
    ...HEALTHY,
    name: 'slow',
    summary: 'three replicas that truly scale 2.2 times',
    serving: { scaling: 2.2, picker: 'prefix' },
    expect: { exitCode: 1, verdict: 'fail', cause: null },
  },
  'random-routing': {
    ...HEALTHY,
    name: 'random-routing',
    summary: 'the gateway bypasses the endpoint picker: even spread, no affinity',
    serving: { scaling: 2.74, picker: 'bypassed' },
    expect: { exitCode: 1, verdict: 'fail', cause: 'routing.picker-bypassed' },
  },
  stockout: {
    ...HEALTHY,
    name: 'stockout',
    summary: 'the zone has no TPU capacity; the node pool keeps chasing nodes',
    gcp: { resize: 'stockout' },
    expect: { exitCode: 2, verdict: 'error', cause: 'gke.stockout' },
  },
  'image-pull': {
    ...HEALTHY,
    name: 'image-pull',
    summary: 'the vLLM image does not exist in its registry',
    cluster: { image: 'not-found' },
    expect: { exitCode: 2, verdict: 'error', cause: 'image.not-found' },
  },
};
