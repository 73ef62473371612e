import { CLOUD_SCENARIOS } from './cloud-scenarios.ts';
import type { CloudDay, Expectation } from './scenario-types.ts';

/** What the lab does differently from a healthy day. The product never sees this. */
export interface Scenario {
  name: string;
  summary: string;
  gcp: CloudDay;
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
  expect: Expectation;
}

const FAIR: CloudDay = {
  resize: 'ok',
  foreign: null,
  callFault: null,
  denied: null,
  tokenSeconds: null,
  outageSeconds: null,
  spot: false,
  preemptAfterSeconds: null,
};

const HEALTHY = {
  gcp: FAIR,
  cluster: { image: 'ok' },
  serving: { scaling: 2.74, picker: 'prefix' },
} satisfies Pick<Scenario, 'gcp' | 'cluster' | 'serving'>;

/** The days that a pull request meets. */
export const DAYS: Record<string, Scenario> = {
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
    // Declared after 35 min on some days, and after 15 s on others.
    gcp: { ...FAIR, resize: { arrive: 0, reason: 'stockout', afterSeconds: 300, chaseSeconds: 600 } },
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

/** All that `--scenario` knows: the days, and each way in which the cloud fails. */
export const SCENARIOS: Record<string, Scenario> = {
  ...DAYS,
  ...Object.fromEntries(
    CLOUD_SCENARIOS.map((scenario) => [scenario.name, { ...HEALTHY, ...scenario, gcp: { ...FAIR, ...scenario.gcp } }]),
  ),
};
