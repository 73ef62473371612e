import type { ClientFault, Expectation, ServingFaults } from './types.ts';

/** A system that would fool a benchmark that believes what it sees; what is not said is healthy. */
export interface Adversary {
  name: string;
  summary: string;
  serving: Partial<ServingFaults>;
  client?: ClientFault;
  /** As in `ClusterFaults`. */
  routes?: 'any' | 'own' | 'oldest-pool';
  /** `held`: an autoscaler keeps the replicas that there are; `grows`: it adds one while the pairs are measured. */
  scaleIn?: 'ok' | 'held' | 'grows';
  disrupted?: 'no' | 'evicts' | 'drains';
  /** A webhook takes the TPU chips and the node selector from the replicas. */
  strips?: boolean;
  expect: Expectation;
}

const invalid = (cause: string) => ({ exitCode: 4, verdict: 'invalid', cause }) as const;
const fail = (cause: string | null) => ({ exitCode: 1, verdict: 'fail', cause }) as const;

/** What a replica has served before the benchmark begins, at most. */
const VERIFIED = 120;
/** Slower than the target: whatever makes it look faster must be seen. */
const SLOW = 2.3;

const pass = { exitCode: 0, verdict: 'pass', cause: null } as const;

/** None of these may pass, but for the controls: what the summary calls healthy and nothing keeps from a proof. */
export const ADVERSARIES: readonly Adversary[] = [
  {
    name: 'fast-errors',
    summary: 'replicas begin to refuse each request at once, which looks like speed',
    serving: { answers: { kind: 'errors', after: VERIFIED } },
    expect: invalid('measure.errors'),
  },
  {
    name: 'empty-choices',
    summary: 'replicas begin to answer 200 with no choice in it',
    serving: { answers: { kind: 'no-choices', after: VERIFIED } },
    expect: invalid('measure.errors'),
  },
  {
    name: 'short-answers',
    summary: 'what comes through the endpoint picker is answered with fewer tokens than ordered',
    serving: { scaling: SLOW, answers: { kind: 'short', after: VERIFIED } },
    expect: invalid('measure.short-answers'),
  },
  {
    name: 'less-work',
    summary:
      'what comes through the endpoint picker costs 18 % less work than ordered, and all its tokens are reported',
    serving: { scaling: SLOW, answers: { kind: 'less-work', after: VERIFIED } },
    expect: invalid('measure.work-missing'),
  },
  {
    name: 'no-text',
    summary: 'replicas begin to answer with as many tokens as ordered and no text',
    serving: { answers: { kind: 'no-text', after: VERIFIED } },
    expect: invalid('measure.work-missing'),
  },
  {
    name: 'error-beside',
    summary: 'replicas begin to answer 200 with all that was ordered and an error beside it',
    serving: { answers: { kind: 'error-beside', after: VERIFIED } },
    expect: invalid('measure.errors'),
  },
  {
    name: 'no-token-counters',
    summary: 'a healthy stack whose replicas do not export the tokens that they read and generated',
    serving: { counters: 'no-tokens' },
    expect: { exitCode: 4, verdict: 'inconclusive', cause: null },
  },
  {
    name: 'all-to-one',
    summary: 'the endpoint picker sends everything to one pod',
    serving: { picker: 'one-pod' },
    expect: fail('picker.one-replica'),
  },
  {
    name: 'sticky-to-the-wrong-thing',
    summary: 'the endpoint picker follows the whole prompt and not its prefix',
    serving: { picker: 'whole-prompt' },
    expect: fail('routing.no-affinity'),
  },
  {
    name: 'random-with-65-percent',
    summary: 'the endpoint picker chooses at random, and the counters show a hit rate of 65 %',
    serving: { picker: 'random', counters: 'flattering' },
    expect: fail('routing.no-affinity'),
  },
  {
    name: 'cache-off',
    summary: 'replicas cache no prefix, whatever their flags say',
    serving: { caching: false },
    expect: fail('vllm.caching-off'),
  },
  {
    name: 'counters-reset',
    summary: 'the counters of the replicas go back to zero in the middle',
    serving: { counters: 'reset' },
    expect: invalid('measure.replica-restarted'),
  },
  {
    name: 'foreign-traffic',
    summary: 'somebody else sends requests to the replicas meanwhile',
    serving: { foreignPerSecond: 0.2 },
    expect: invalid('measure.foreign-traffic'),
  },
  {
    name: 'endless-guest',
    summary:
      'three replicas scale 2.3 times, and a request of somebody else that never ends holds a slot of one replica',
    serving: { scaling: SLOW, foreignEndless: true },
    expect: invalid('measure.foreign-traffic'),
  },
  {
    name: 'fourth-replica',
    summary: 'an autoscaler adds a fourth replica while the pairs are measured',
    serving: {},
    scaleIn: 'grows',
    expect: invalid('measure.replica-added'),
  },
  {
    name: 'replica-evicted',
    summary: 'somebody evicts a replica while the pairs are measured, and another comes in its place',
    serving: {},
    disrupted: 'evicts',
    expect: invalid('measure.replica-removed'),
  },
  {
    name: 'node-drained',
    summary: 'somebody drains a node while the pairs are measured, so that its replica has no place any more',
    serving: {},
    disrupted: 'drains',
    expect: invalid('measure.replica-removed'),
  },
  {
    name: 'chips-stripped',
    summary:
      'a webhook takes google.com/tpu from the replicas: they run on the CPU pool, and the leased nodes stay empty',
    serving: {},
    strips: true,
    expect: { exitCode: 2, verdict: 'error', cause: 'pods.elsewhere' },
  },
  {
    name: 'stall-in-one-arm',
    summary: 'three replicas scale 2.3 times, and the one-replica arm stands still once, as if it compiled',
    serving: { scaling: SLOW, stallSeconds: 60 },
    expect: invalid('measure.*'),
  },
  {
    name: 'starved-client',
    summary: 'the machine of the gate stops it for half of the time',
    serving: {},
    client: 'starved',
    expect: invalid('measure.client-starved'),
  },
  {
    name: 'clock-jump',
    summary: 'three replicas scale 2.3 times, and the wall clock of the gate jumps an hour ahead, then two back',
    serving: { scaling: SLOW },
    client: 'clock-jump',
    expect: fail(null),
  },
  {
    name: 'buffered-streaming',
    summary: 'three replicas scale 2.3 times, and their streams come as one piece',
    serving: { scaling: SLOW, buffered: true },
    expect: fail(null),
  },
  {
    name: 'replica-dies',
    summary:
      'one replica stops listening in the middle of the benchmark and stays listed, and the gateway asks the others',
    serving: { diesAfter: 4 * VERIFIED },
    expect: invalid('measure.replica-refused'),
  },
  {
    name: 'slow-baseline',
    summary: 'three replicas scale 2.3 times, and the first of them is 15 % slower than its peers',
    serving: { scaling: SLOW, replicaSpeeds: [0.85] },
    expect: fail(null),
  },
  {
    name: 'unequal-replicas',
    summary: 'a healthy stack whose first replica is 15 % slower than its peers',
    serving: { replicaSpeeds: [0.85] },
    expect: pass,
  },
  {
    name: 'fast-baseline',
    summary: 'a healthy stack whose first replica is 12 % faster than its peers',
    serving: { replicaSpeeds: [1.12] },
    expect: pass,
  },
  {
    name: 'slow-past-the-picker',
    summary: 'three replicas scale 2.2 times, and requests without the header of the endpoint picker are 18 % slower',
    serving: { scaling: 2.2, unpickedSpeed: 0.82 },
    expect: fail(null),
  },
  {
    name: 'slow-past-the-picker-unshared',
    summary: 'the same, and the gateway asks the endpoint picker for the oldest route alone',
    serving: { scaling: 2.2, unpickedSpeed: 0.82 },
    routes: 'oldest-pool',
    expect: fail(null),
  },
  {
    name: 'picker-unshared',
    summary: 'a healthy stack whose gateway asks the endpoint picker for the oldest route alone',
    serving: {},
    routes: 'oldest-pool',
    expect: pass,
  },
  {
    name: 'no-route-to-one',
    summary:
      'a healthy stack whose gateway refuses a route to one replica: what is measured after a scale-in is not paired',
    serving: {},
    routes: 'own',
    expect: { exitCode: 4, verdict: 'inconclusive', cause: null },
  },
  {
    name: 'no-way-to-one',
    summary: 'the same, and an autoscaler holds the replicas: what another run recorded decides nothing',
    serving: {},
    routes: 'own',
    scaleIn: 'held',
    expect: { exitCode: 4, verdict: 'inconclusive', cause: null },
  },
  {
    name: 'healthy',
    summary: 'each of these systems without its fault',
    serving: {},
    expect: { exitCode: 0, verdict: 'pass', cause: null },
  },
  {
    name: 'autoscaler-at-rest',
    summary: 'a healthy stack whose autoscaler holds the replicas and adds none',
    serving: {},
    scaleIn: 'held',
    expect: { exitCode: 0, verdict: 'pass', cause: null },
  },
  {
    name: 'v0-metrics',
    summary: 'a healthy stack whose metrics have the names that vLLM had before V1',
    serving: { counters: 'v0' },
    expect: { exitCode: 0, verdict: 'pass', cause: null },
  },
];
