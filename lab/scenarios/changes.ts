import type { Expectation, ManifestFaults, ServingFaults } from './types.ts';

/** A change of the stack, with the stack of its base branch. */
export interface ChangeScenario {
  name: string;
  summary: string;
  manifests: ManifestFaults;
  base: ManifestFaults;
  flags?: readonly string[];
  serving?: Partial<ServingFaults>;
  expect: Expectation;
}

const CACHING = '--enable-prefix-caching \\';

/** Pattern 3 with one more flag of vLLM. */
const withFlag = (flag: string): ManifestFaults => ({
  replace: [[CACHING, `${CACHING}\n              ${flag} \\`]],
});

const PASS: Expectation = { exitCode: 0, verdict: 'pass', cause: null };

/** What a pull request may do to a stack. All else is healthy: the stack scales 2.74 times before and after. */
export const CHANGE_SCENARIOS: readonly ChangeScenario[] = [
  {
    name: 'change-equal',
    summary: 'a change of a flag that changes no speed',
    manifests: withFlag('--seed=7'),
    base: {},
    expect: PASS,
  },
  {
    name: 'change-slower',
    summary: 'a flag makes each replica 30 % slower, so that three still scale as before',
    manifests: withFlag('--enforce-eager'),
    base: {},
    serving: { flagSpeeds: [['--enforce-eager', 0.7]] },
    expect: { exitCode: 1, verdict: 'fail', cause: null },
  },
  {
    name: 'change-3-percent',
    summary: 'a flag makes each replica 3 % slower, and nothing may be lost',
    manifests: withFlag('--enable-log-requests'),
    base: {},
    // In the lab's usual pairs of three seconds, 3 % is lost in the noise every other time.
    flags: ['--max-slowdown=0%', '--pair-duration=8s'],
    serving: { flagSpeeds: [['--enable-log-requests', 0.97]] },
    expect: { exitCode: 1, verdict: 'fail', cause: null },
  },
  {
    name: 'change-faster',
    summary: 'a flag makes each replica 20 % faster',
    manifests: withFlag('--async-scheduling'),
    base: {},
    serving: { flagSpeeds: [['--async-scheduling', 1.2]] },
    expect: PASS,
  },
  {
    name: 'change-faster-and-wrong',
    summary: 'a quantisation makes each replica 20 % faster, and wrong on some of what it knew',
    manifests: withFlag('--quantization=fp8'),
    base: {},
    serving: { flagSpeeds: [['--quantization=fp8', 1.2]], flagSkills: [['--quantization=fp8', 0.7]] },
    expect: { exitCode: 1, verdict: 'fail', cause: null },
  },
  {
    name: 'change-weak-model',
    summary: 'a model that answers no task right, before and after',
    manifests: withFlag('--seed=7'),
    base: {},
    serving: { skill: 0 },
    expect: PASS,
  },
  {
    name: 'change-base-broken',
    summary: 'the base branch has a flag that ends vLLM at its start, and the change takes it out',
    manifests: {},
    base: withFlag('--scorer-weights=1'),
    expect: { exitCode: 4, verdict: 'inconclusive', cause: null },
  },
  {
    name: 'change-none',
    summary: 'the change leaves the stack as the base branch has it',
    manifests: {},
    base: {},
    expect: PASS,
  },
  {
    name: 'change-control',
    summary: 'a change that changes no speed, beside the base stack against itself',
    manifests: withFlag('--seed=7'),
    base: {},
    flags: ['--control=4'],
    expect: PASS,
  },
  {
    name: 'change-whole',
    summary: 'the endpoint picker weighs the queue more, compared with all replicas of the base stack',
    manifests: { replace: [['weight: 2', 'weight: 2.5']] },
    base: {},
    flags: ['--base-replicas=all'],
    expect: PASS,
  },
];
