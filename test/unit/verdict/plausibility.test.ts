import { describe, expect, it } from 'vitest';
import type { ArmEvidence, BlockEvidence, MeasurementEvidence, PodCounters } from '../../../src/verdict/evidence.ts';
import { judgePlausibility } from '../../../src/verdict/plausibility.ts';

const ARM: ArmEvidence = {
  requests: 1_000,
  errors: 0,
  unreadable: 0,
  firstError: null,
  completed: 800,
  meanOutputTokens: 50,
  littlesLaw: 0.998,
  distinctLatencyShare: 1,
  halves: [
    { first: 7.5, second: 7.4 },
    { first: 7.3, second: 7.6 },
    { first: 7.6, second: 7.5 },
    { first: 7.4, second: 7.5 },
  ],
  pickerShare: 1,
  cachedTokenShare: null,
};

const COUNTERS: PodCounters = {
  finished: 500,
  promptTokens: 50_000,
  generationTokens: 25_000,
  running: 0,
  waiting: 0,
  preemptions: 0,
  processStartSeconds: 1_700_000_000,
  restarts: 0,
};

/** What the gateway counted for each replica; what is not said is 0. */
const atGateway = (
  pods: { requests: number; errors?: number; connectFailures?: number }[],
  problem: string | null = null,
): BlockEvidence['gateway'] => ({
  problem,
  pods: pods.map((pod, i) => ({ pod: `pod-${i}`, errors: 0, connectFailures: 0, ...pod })),
});

/** Each request has 100 prompt tokens and 50 output tokens. */
const tokens = (requests: number) => ({ prompt: 100 * requests, generation: 50 * requests });

function block(arm: 'one' | 'all', served: number[], change: Partial<BlockEvidence> = {}): BlockEvidence {
  const finished = served.reduce((sum, n) => sum + n, 0);
  return {
    arm,
    baseline: arm === 'one' ? 'pod-0' : null,
    pair: 0,
    sent: finished,
    unanswered: 0,
    ordered: { least: tokens(finished), most: tokens(finished) },
    changed: { added: [], gone: [] },
    readyWanted: 3,
    readyBefore: 3,
    readyAfter: 3,
    pods: served.map((n, i) => ({
      pod: `pod-${i}`,
      before: COUNTERS,
      after: {
        ...COUNTERS,
        finished: COUNTERS.finished + n,
        promptTokens: 50_000 + tokens(n).prompt,
        generationTokens: 25_000 + tokens(n).generation,
      },
    })),
    gateway: atGateway(served.map((n) => ({ requests: n }))),
    ...change,
  };
}

const HEALTHY: MeasurementEvidence = {
  replicas: 3,
  speedup: 2.8,
  pickerMarked: true,
  answers: {
    arms: {
      one: { promptBytesPerToken: 4.5, textCharsPerToken: 4.8 },
      all: { promptBytesPerToken: 4.5, textCharsPerToken: 4.8 },
    },
    promptTokens: { one: 740, all: 742, share: 0.003, chance: 0.4 },
    textChars: { one: 240, all: 236, share: -0.017, chance: 0.3 },
  },
  pickerShared: false,
  arms: { one: ARM, all: ARM },
  blocks: [block('one', [140, 0, 0]), block('all', [80, 85, 79])],
  client: { eventLoopUtilization: 0.1, sendLagP99Ms: 0.7, stalledShare: 0.01, cpuMsPerRequest: 0.4 },
};

const withArm = (arm: Partial<ArmEvidence>): MeasurementEvidence => ({
  ...HEALTHY,
  arms: { one: ARM, all: { ...ARM, ...arm } },
});
const withBlocks = (...blocks: BlockEvidence[]): MeasurementEvidence => ({ ...HEALTHY, blocks });
const ids = (evidence: MeasurementEvidence) => {
  const { vetoes, warnings } = judgePlausibility(evidence);
  return { vetoes: vetoes.map(({ id }) => id), warnings: warnings.map(({ id }) => id) };
};
const veto = (id: string) => ({ vetoes: [id], warnings: [] });
const warning = (id: string) => ({ vetoes: [], warnings: [id] });
const NONE = { vetoes: [], warnings: [] };

describe('plausibility of the arms', () => {
  it('finds nothing in a healthy measurement', () => {
    expect(ids(HEALTHY)).toEqual(NONE);
  });

  it.each([
    ['errors at the limit', { errors: 5 }, warning('errors')],
    ['errors above it', { errors: 6 }, veto('error-rate')],
    ['one answer that is none', { unreadable: 1 }, veto('unreadable-answers')],
    ['shorter answers within the limit', { meanOutputTokens: 49.1 }, NONE],
    ['shorter answers', { meanOutputTokens: 48.9 }, veto('output-length')],
    ['longer answers', { meanOutputTokens: 51.1 }, veto('output-length')],
    ['nearly too few in flight', { littlesLaw: 0.951 }, NONE],
    ['too few in flight', { littlesLaw: 0.949 }, veto('littles-law')],
    ['too many in flight', { littlesLaw: 1.051 }, veto('littles-law')],
    ['a clock of whole seconds', { distinctLatencyShare: 0.004 }, veto('clock')],
    ['a clock that will do', { distinctLatencyShare: 0.1 }, NONE],
    ['just enough requests', { completed: 200 }, NONE],
    ['few requests', { completed: 199 }, warning('few-requests')],
    ['too few requests', { completed: 99 }, veto('too-few-requests')],
    ['hits without shared prompts', { cachedTokenShare: 0.06 }, warning('cache-hits')],
    ['answers without the mark of the picker', { pickerShare: 0.98 }, veto('picker-lost')],
    ['a few cached tokens', { cachedTokenShare: 0.04 }, NONE],
  ])('%s', (_title, arm, expected) => {
    expect(ids(withArm(arm))).toEqual(expected);
  });

  it('holds the one-replica arm to the mark where it shares the hop, and to its own replica', () => {
    const unmarked = { ...ARM, pickerShare: 0 };
    const shared = { ...HEALTHY, pickerShared: true };
    expect(ids(shared)).toEqual(NONE);
    expect(ids({ ...shared, arms: { one: unmarked, all: ARM } })).toEqual(veto('picker-not-shared'));
    expect(ids({ ...HEALTHY, arms: { one: unmarked, all: ARM } })).toEqual(NONE);
    expect(ids(withBlocks(block('one', [0, 123, 0])))).toEqual(veto('one-replica'));
    expect(ids(withBlocks(block('one', [0, 123, 0], { baseline: 'pod-1' })))).toEqual(NONE);
  });

  it('does not miss a mark that was never there', () => {
    expect(ids({ ...withArm({ pickerShare: 0 }), pickerMarked: false })).toEqual(NONE);
  });

  it('vetoes a load generator that the machine kept from running', () => {
    expect(ids({ ...HEALTHY, client: { ...HEALTHY.client, stalledShare: 0.051 } })).toEqual(veto('starved'));
  });

  it('vetoes cache hits in one arm only', () => {
    const arms = { one: { ...ARM, cachedTokenShare: 0 }, all: { ...ARM, cachedTokenShare: 0.3 } };
    expect(ids({ ...HEALTHY, arms })).toEqual(veto('cache-hits'));
  });

  it('says numbers and the first error', () => {
    const { vetoes } = judgePlausibility(withArm({ errors: 12, firstError: 'HTTP 503: no healthy upstream' }));
    expect(vetoes[0]?.message).toBe(
      '12 of 1000 requests (1.2%) failed in the all-replicas arm; the limit is 0.5%. First: HTTP 503: no healthy upstream',
    );
  });

  it('sees a trend inside the windows, but not noise, not few blocks and not a trifle', () => {
    const rising = (by: number[]) =>
      withArm({ halves: by.map((change) => ({ first: 10, second: 10 * (1 + change) })) });
    expect(ids(rising([0.08, 0.09, 0.08, 0.1, 0.09, 0.08]))).toEqual(veto('trend'));
    expect(ids(rising([0.3, -0.2, 0.25, -0.1, 0.2, 0.1]))).toEqual(NONE);
    expect(ids(rising([0.08, 0.09]))).toEqual(NONE);
    expect(ids(rising([0.01, 0.01, 0.011, 0.01, 0.01, 0.01]))).toEqual(NONE);
    const message = judgePlausibility(rising([-0.08, -0.09, -0.08, -0.1])).vetoes[0]?.message;
    expect(message).toMatch(/falls by 9\.2% from the first to the second half/);
  });
});

describe('plausibility of the answers', () => {
  const answers = (change: Partial<MeasurementEvidence['answers']>) => ({
    ...HEALTHY,
    answers: { ...HEALTHY.answers, ...change },
  });
  const arms = (all: Partial<MeasurementEvidence['answers']['arms']['all']>) => {
    const { one } = HEALTHY.answers.arms;
    return answers({ arms: { one, all: { ...one, ...all } } });
  };

  it.each([
    ['no text', arms({ textCharsPerToken: 0 }), veto('no-text')],
    ['a script that needs tokens', arms({ textCharsPerToken: 0.3 }), NONE],
    ['prompts that were cut', arms({ promptBytesPerToken: 40 }), veto('prompt-length')],
    ['nothing to compute', answers({ promptTokens: null, textChars: null }), NONE],
    ['no answers', arms({ textCharsPerToken: null, promptBytesPerToken: null }), NONE],
    [
      'shorter prompts in one arm',
      answers({ promptTokens: { one: 740, all: 600, share: -0.19, chance: 1e-9 } }),
      veto('prompt-length'),
    ],
    [
      'prompts that differ by chance',
      answers({ promptTokens: { one: 740, all: 700, share: -0.05, chance: 0.01 } }),
      NONE,
    ],
    [
      'less text in one arm',
      answers({ textChars: { one: 240, all: 197, share: -0.18, chance: 1e-6 } }),
      veto('answer-text'),
    ],
    ['a little less text', answers({ textChars: { one: 240, all: 230, share: -0.04, chance: 1e-6 } }), NONE],
  ])('%s', (_title, evidence, expected) => {
    expect(ids(evidence)).toEqual(expected);
  });
});

describe('plausibility of the client and the ratio', () => {
  it.each([
    [0.5, 5, NONE],
    [0.51, 5, veto('event-loop')],
    [0.5, 5.1, veto('send-lag')],
  ])('event loop %d busy, p99 lag %d ms', (eventLoopUtilization, sendLagP99Ms, expected) => {
    expect(ids({ ...HEALTHY, client: { ...HEALTHY.client, eventLoopUtilization, sendLagP99Ms } })).toEqual(expected);
  });

  it.each([
    [3.09, NONE],
    [3.1, warning('surprising-speedup')],
    [3.29, warning('surprising-speedup')],
    [3.33, veto('impossible-speedup')],
    [null, NONE],
  ])('a speedup of %d on three replicas', (speedup, expected) => {
    expect(ids({ ...HEALTHY, speedup })).toEqual(expected);
  });
});

describe('plausibility of the cluster', () => {
  const all = (change: Partial<BlockEvidence>) => withBlocks(block('all', [80, 85, 79], change));
  const firstPod = (before: Partial<PodCounters>, after: Partial<PodCounters>) => {
    const base = block('all', [80, 85, 79]);
    const [first, ...rest] = base.pods;
    const changed = { pod: 'pod-0', before: { ...COUNTERS, ...before }, after: { ...first!.after!, ...after } };
    return withBlocks({ ...base, pods: [changed, ...rest] });
  };

  it.each([
    ['foreign traffic', all({ sent: 243 }), veto('conservation')],
    ['lost requests', all({ sent: 245 }), veto('conservation')],
    ['errors that reached no replica', all({ sent: 247, unanswered: 3 }), NONE],
    ['more missing than errors', all({ sent: 248, unanswered: 3 }), veto('conservation')],
    ['a replica short at the start', all({ readyBefore: 2 }), veto('replica-count')],
    ['a replica short at the end', all({ readyAfter: 2 }), veto('replica-count')],
    ['unknown replica count', all({ readyBefore: null, readyAfter: null }), NONE],
    ['a restart', firstPod({}, { restarts: 1 }), veto('restart')],
    ['a new process', firstPod({}, { processStartSeconds: 1_700_000_100 }), veto('restart')],
    ['a counter that went back', firstPod({}, { finished: 12 }), veto('restart')],
    ['a queue at the start', firstPod({ waiting: 2 }, {}), veto('queue-at-start')],
    ['running requests at the start', firstPod({ running: 1 }, {}), warning('busy-at-start')],
    ['preemptions', firstPod({}, { preemptions: 4 }), warning('preemptions')],
    ['an idle replica', withBlocks(block('all', [120, 130, 0])), warning('idle-replica')],
    ['two replicas in the one-replica arm', withBlocks(block('one', [120, 3, 0])), veto('one-replica')],
  ])('%s', (_title, evidence, expected) => {
    expect(ids(evidence)).toEqual(expected);
  });

  it('vetoes replicas that refused the gateway, which clients do not see, and names them and the pair', () => {
    const refusing = block('all', [120, 124, 0], {
      pair: 2,
      gateway: atGateway([{ requests: 120 }, { requests: 124 }, { requests: 0, errors: 37, connectFailures: 37 }]),
    });
    const { vetoes } = judgePlausibility(withBlocks(block('all', [80, 85, 79]), refusing));
    expect(vetoes).toEqual([
      {
        id: 'replica-refused',
        message:
          'pod-2 refused 37 connections of the gateway, which tried other replicas; by its own counters it served 0 ' +
          'requests (pair 3, all-replicas arm).',
      },
    ]);
    const [first, second] = refusing.pods;
    const silent = { ...refusing, pods: [first!, second!, { pod: 'pod-2', before: COUNTERS, after: null }] };
    expect(judgePlausibility(withBlocks(silent)).vetoes[0]?.message).toContain(
      'pod-2 refused 37 connections of the gateway, which tried other replicas; its own counters could not be read',
    );
  });

  it('vetoes errors of a replica that clients did not see, for the gateway asked another one', () => {
    const failing = (errors: number, unanswered = 0) =>
      all({ unanswered, gateway: atGateway([{ requests: 80 }, { requests: 85, errors }, { requests: 79 }]) });
    expect(ids(failing(2))).toEqual(veto('replica-errors'));
    expect(judgePlausibility(failing(2)).vetoes[0]?.message).toBe(
      'The gateway counts 2 errors of the replicas that no client saw, 2 of them of pod-1 (pair 1, all-replicas arm).',
    );
    expect(ids(failing(1))).toEqual(warning('replica-retries'));
    // Those that clients saw are counted there.
    expect(ids(failing(2, 2))).toEqual(NONE);
  });

  it('says that counters of the gateway were missing, and believes what they show at least', () => {
    const blind = all({ gateway: atGateway([], 'pods is forbidden') });
    expect(ids(blind)).toEqual(warning('gateway-unobserved'));
    expect(judgePlausibility(blind).warnings[0]?.message).toBe(
      'A replica that refuses the gateway could not be observed: pods is forbidden (pair 1, all-replicas arm).',
    );
    const anew = all({ gateway: atGateway([{ requests: 3, errors: 4, connectFailures: 4 }], 'counted anew') });
    expect(ids(anew)).toEqual({ vetoes: ['replica-refused'], warnings: ['gateway-unobserved'] });
  });

  it.each([
    ['18 % fewer generated tokens', { generationTokens: 0.82 }, veto('work-missing')],
    ['generated tokens within the limit', { generationTokens: 0.996 }, NONE],
    ['fewer prompt tokens', { promptTokens: 0.9 }, veto('work-missing')],
    ['more generated tokens', { generationTokens: 1.01 }, veto('foreign-work')],
    ['more prompt tokens', { promptTokens: 1.3 }, veto('foreign-work')],
  ])('holds the counters to what was ordered: %s', (_title, shares, expected) => {
    const base = block('all', [80, 85, 79]);
    const pods = base.pods.map((edges) => {
      const grown = (name: 'promptTokens' | 'generationTokens') => {
        const [from, to] = [edges.before![name]!, edges.after![name]!];
        return from + (to - from) * ({ promptTokens: 1, generationTokens: 1, ...shares }[name] ?? 1);
      };
      const counted = { promptTokens: grown('promptTokens'), generationTokens: grown('generationTokens') };
      return { ...edges, after: { ...edges.after!, ...counted } };
    });
    expect(ids(withBlocks({ ...base, pods }))).toEqual(expected);
  });

  it('names the replica whose tokens do not fit, and what they are more or less than', () => {
    expect(judgePlausibility(firstPod({}, { generationTokens: 25_000 + 3_000 })).vetoes).toEqual([
      {
        id: 'work-missing',
        message:
          'The answers report 12200 generated tokens, and the replicas count 11200, 8.2% less; pod-0 is off by 1000 ' +
          '(pair 1, all-replicas arm).',
      },
    ]);
    expect(judgePlausibility(firstPod({}, { generationTokens: 25_000 + 5_000 })).vetoes).toEqual([
      {
        id: 'foreign-work',
        message:
          'The replicas count 13200 generated tokens, and at most 12200 were ordered: 1000 were for requests of someone ' +
          'else; pod-0 is off by 1000 (pair 1, all-replicas arm).',
      },
    ]);
  });

  it('allows for what unanswered requests may have cost, and for nothing else', () => {
    const [least, most] = [tokens(240), tokens(244)];
    expect(ids(all({ unanswered: 4, ordered: { least, most } }))).toEqual(NONE);
    expect(ids(all({ unanswered: 4, ordered: { least, most: least } }))).toEqual(veto('foreign-work'));
    const unknown = { ...tokens(244), prompt: Number.POSITIVE_INFINITY };
    expect(ids(all({ unanswered: 4, ordered: { least: tokens(0), most: unknown } }))).toEqual(NONE);
  });

  it('vetoes requests at both edges of a block that are not the gate’s, running or waiting', () => {
    expect(ids(firstPod({ running: 1 }, { waiting: 1 })).vetoes).toEqual(['busy-at-edges']);
    expect(judgePlausibility(firstPod({ running: 2 }, { running: 1 })).vetoes[0]?.message).toBe(
      'Requests that are not the gate’s were running or waiting before and after a block: pod-0 had 2 and 1 (pair 1, ' +
        'all-replicas arm).',
    );
    expect(ids(firstPod({}, { running: 1 }))).toEqual(NONE);
  });

  it.each([
    ['came', { added: ['pod-3'], gone: [] }, /pod-3 came, which nothing has verified/],
    ['went away', { added: [], gone: ['pod-2'] }, /pod-2 went away/],
    ['was replaced', { added: ['pod-2'], gone: ['pod-2'] }, /pod-2 went away; pod-2 came/],
  ])('vetoes a replica that %s', (_title, changed, message) => {
    const evidence = all({ changed });
    expect(ids(evidence)).toEqual(veto('replicas-changed'));
    expect(judgePlausibility(evidence).vetoes[0]?.message).toMatch(message);
  });

  it.each([
    ['no count of generated tokens', { generationTokens: null }, warning('work-uncounted')],
    ['no count of prompt tokens', { promptTokens: null }, warning('work-uncounted')],
    ['no gauge of running requests', { running: null }, warning('load-unobserved')],
    ['no gauge of waiting requests', { waiting: null }, warning('load-unobserved')],
  ])('with %s it says what is not proven', (_title, without, expected) => {
    expect(ids(firstPod(without, without))).toEqual(expected);
  });

  it('does not claim what it could not read', () => {
    const base = block('all', [80, 85, 79], { sent: 999 });
    const blind = withBlocks({ ...base, pods: [{ ...base.pods[0]!, after: null }, ...base.pods.slice(1)] });
    expect(ids(blind)).toEqual(warning('counters-unreadable'));
    expect(ids(withBlocks({ ...base, pods: [] }))).toEqual(warning('counters-unreadable'));
  });

  it('reports a repeated problem once, with its first place', () => {
    const evidence = withBlocks(
      block('one', [140, 0, 0], { pair: 1, sent: 120 }),
      block('all', [80, 85, 79], { pair: 1, sent: 200 }),
      block('all', [80, 85, 79], { pair: 2 }),
    );
    expect(judgePlausibility(evidence).vetoes.map(({ message }) => message)).toEqual([
      '120 requests were sent, the replicas count 140: 20 came from someone else (pair 2, one-replica arm; 2 of 3 blocks).',
    ]);
  });
});
