import { criticalPath } from '../../../src/report/critical-path.ts';
import type {
  ArmComparison,
  ArmFigures,
  Benchmark,
  BenchmarkPair,
  Check,
  Environment,
  GoodputFigures,
  GoodputProbe,
  LatencyFigures,
  LoadWindow,
  Percentile,
  PodCount,
  PodSummary,
  Report,
  RunningCost,
  StackFigures,
  StageName,
  StageResult,
} from '../../../src/report/model.ts';

const PODS = ['a1', 'b2', 'c3'].map((end) => `qwen2-3b-pattern3-kserve-7c9d8b6f5-${end}xyz`);
const START = Date.parse('2026-11-22T14:07:07Z');

/** At $2.97 per chip-hour. */
function running(chips: number, usdPerMillionRequests: number, usdPerMillionOutputTokens: number): RunningCost {
  const usdPerHour = chips * 2.97;
  return { chips, usdPerHour, usdPerMonth: usdPerHour * 720, usdPerMillionRequests, usdPerMillionOutputTokens };
}

/** A passing report whose figures agree with each other; overrides replace whole top-level fields. */
export function aReport(overrides: Partial<Report> = {}): Report {
  const report = withoutPath(overrides);
  const path = criticalPath(report);
  return path ? { criticalPath: path, ...report } : report;
}

function withoutPath(overrides: Partial<Report>): Report {
  return {
    schema: 'tpu-serving-gate/report/v1',
    tool: { name: 'tpu-serving-gate', version: '0.1.0' },
    run: {
      url: 'https://github.com/o/r/actions/runs/18300012345',
      id: '18300012345',
      attempt: 1,
      number: 412,
      event: 'pull_request',
      repository: 'o/r',
      workflow: 'gate',
      job: 'pattern3',
      sha: '4f1c2ab8d0e6a1b2c3d4e5f60718293a4b5c6d7e',
      ref: 'refs/pull/7/merge',
      pullRequest: 7,
    },
    startedAt: new Date(START).toISOString(),
    finishedAt: new Date(START + 2_042_000).toISOString(),
    target: { minSpeedup: 2.5, expectedMaxSpeedup: 2.8, successRate: 1 },
    plan: {
      project: 'ecoeng-llmd',
      location: 'europe-west4-a',
      cluster: 'llmd-istio-tpu-pattern1',
      nodePool: 'tpu-v6e-pool',
      nodes: 3,
      namespace: 'llm-d-inference-scheduling',
      service: 'qwen2-3b-pattern3',
      replicas: 3,
      concurrency: 10,
      gateway: 'opendatahub/inference-gateway',
      manifests: 'manifests/pattern3',
    },
    verdict: 'pass',
    reasons: ['The lower limit of the speedup exceeds 2.5×.'],
    failure: null,
    diagnosis: null,
    mode: 'validate',
    preflight: [],
    sincePass: null,
    stages: stages({
      preflight: [41, '9 checks passed'],
      lease: [612, '3 nodes, 12 chips'],
      deploy: [38, '9 objects applied'],
      ready: [864, '3 of 3 replicas ready'],
      verify: [48, '8 checks passed'],
      benchmark: [439, '12 pairs'],
    }),
    environment: anEnvironment(),
    pods: pods(() => ({})),
    checks: checks(),
    routing: {
      prefixTokens: 1024,
      prefixChars: 4096,
      sharedPrefix: { sent: 72, perPod: perPod([30, 24, 18]), groups: groupsAt([5, 4, 3]) },
      unique: { sent: 300, perPod: perPod([98, 103, 99]) },
      hitRate: { measured: 0.7389, aware: 0.7407, random: 0.4826 },
      pickerHeader: { seen: 310, answers: 310 },
      gateway: {
        problem: null,
        proxies: 2,
        picker: { requests: 372, errors: 0, connectFailures: 0 },
        perPod: perPod([128, 127, 117]),
      },
    },
    benchmark: aBenchmark(2.68, 0.026),
    runbook: {
      serial: {
        requests: 20,
        concurrency: 1,
        completed: 20,
        seconds: 10.4,
        requestsPerSecond: 1.923,
        recordedOneReplica: 1.89,
        recordedTarget: '5.4–5.7 req/s',
      },
      parallel: {
        requests: 100,
        concurrency: 10,
        completed: 100,
        seconds: 7.1,
        requestsPerSecond: 14.08,
        recordedOneReplica: 7.5,
        recordedTarget: '20–22 req/s',
      },
      note: 'Not part of the verdict. One request at a time keeps one replica busy, so more replicas cannot raise the serial rate.',
    },
    cost: {
      chipMinutes: 296,
      nodeSeconds: 4440,
      usd: 14.65,
      pricePerChipHourUsd: 2.97,
      priceSource: 'list price, europe-west4, on demand, 2026-11',
      usdPerMillionRequests: 495,
      usdPerMillionOutputTokens: 30.9,
      serving: {
        replicas: 3,
        hoursPerMonth: 720,
        one: running(4, 440, 27.5),
        all: running(12, 495, 30.9),
        difference: running(8, 55, 3.4),
      },
    },
    release: {
      outcome: 'released',
      nodePool: 'tpu-v6e-pool',
      restingNodes: 0,
      nodesLeft: 0,
      message: 'The node pool is back at its resting size of 0 nodes.',
      command: null,
      durationMs: 238_000,
    },
    ...overrides,
  };
}

/** A passing report that was compared with its base stack too. */
export function aComparedReport(): Report {
  const report = aReport();
  const { environment, plan } = report;
  const stack = (service: string, rate: number, after: number): StackFigures => ({
    service,
    contentHash: service.padEnd(64, '0'),
    vllmImage: environment.vllmImage,
    load: { ...arm(rate, 10, 2_014), window: windowAt(after, 300, 141.6) },
    ...{ ttftMs: null, tpotMs: null, e2eMs: null },
    ...{ hitRate: 0.724, tokensPerPrompt: 640, readyMs: 251_000, kvCacheTokens: 2_599_936 },
  });
  const [head, base] = [plan.service ?? '', `${plan.service}-base`];
  const comparison: ArmComparison = {
    ...{ name: 'change', verdict: 'no-worse', reasons: ['The change is no worse.'], limit: 0.97, pairs: 18 },
    ratio: { value: 1.002, low: 0.991, high: 1.013, level: 0.978 },
    arms: [
      { name: 'head', service: head, replicas: 1, concurrency: 10, requestsPerSecond: 7.475 },
      { name: 'base', service: base, replicas: 1, concurrency: 10, requestsPerSecond: 7.46 },
    ],
    change: {
      ...{ baseReplicas: 'one', method: 'closed loop', pairs: [], vetoes: [], warnings: [], nodeDeviation: 0.003 },
      head: stack(head, 7.475, 2_200),
      base: stack(base, 7.46, 2_208),
      looks: { done: 1, planned: 4, stopped: 'no-worse' },
    },
  };
  return { ...report, comparisons: [comparison] };
}

/** A benchmark of twelve pairs around a ratio; the arms, the pairs and Little's law agree. */
export function aBenchmark(speedup: number, halfWidth: number, overrides: Partial<Benchmark> = {}): Benchmark {
  const wobble = [0.4, -0.9, 1.1, -0.2, 0.7, -1.2, 0.1, 0.9, -0.6, 0.3, -0.8, 0.2].map((percent) => 1 + percent / 100);
  const one = 7.46;
  const pairs = wobble.map((factor, i): BenchmarkPair => {
    const all = Number((one * speedup * factor).toFixed(3));
    const oneNow = Number((one * (2 - factor)).toFixed(3));
    const allCompleted = Math.round(all * 11);
    return {
      index: i + 1,
      order: i % 2 === 0 ? 'one-first' : 'all-first',
      oneRequestsPerSecond: oneNow,
      allRequestsPerSecond: all,
      ratio: all / oneNow,
      oneWindowSeconds: 15.2,
      allWindowSeconds: 9.8,
      oneCompleted: Math.round(oneNow * 15.2),
      allCompleted,
      perPod: perPod([
        Math.floor(allCompleted / 3),
        Math.ceil(allCompleted / 3),
        allCompleted - 2 * Math.floor(allCompleted / 3),
      ]),
    };
  });
  return {
    method: 'interleaved pairs of blocks, one replica then all, at equal load per replica',
    concurrencyPerReplica: 10,
    replicas: 3,
    pairs,
    arms: { one: arm(one, 10, 1_361), all: arm(one * speedup, 30, 2_352) },
    speedup: { value: speedup, low: speedup * (1 - halfWidth), high: speedup * (1 + halfWidth), level: 0.954 },
    efficiency: {
      value: speedup / 3,
      low: (speedup * (1 - halfWidth)) / 3,
      high: (speedup * (1 + halfWidth)) / 3,
      level: 0.954,
    },
    vetoes: [],
    warnings: [],
    ladder: [
      { concurrency: 5, requestsPerSecond: 6.9 },
      { concurrency: 10, requestsPerSecond: 7.44 },
    ],
    latency: aLatency(),
    goodput: aGoodput(),
    client: { eventLoopUtilization: 0.08, sendLagP99Ms: 0.7, stalledShare: 0.002, cpuMsPerRequest: 0.41 },
    design: 'paired',
    baseline: null,
    looks: { done: 7, planned: 10, stopped: 'pass' },
    oneReplicaArm: 'a temporary route to one of the three pods through the same gateway',
    workload: { promptTokens: 640, maxTokens: 16, description: 'unique prompts, nonce first' },
    ...overrides,
  };
}

function arm(rate: number, inFlight: number, requests: number): ArmFigures {
  const mean = (inFlight / rate) * 1000;
  return {
    window: windowAt(inFlight === 10 ? 1_610 : 1_626, 400, 182.4),
    requestsPerSecond: rate,
    outputTokensPerSecond: rate * 16,
    requests,
    errors: 0,
    successRate: 1,
    meanOutputTokens: 16,
    latencyMs: {
      mean,
      p50: { value: mean * 0.98, low: mean * 0.97, high: mean * 0.99 },
      p95: { value: mean * 1.31, low: mean * 1.28, high: mean * 1.34 },
      p99: { value: mean * 1.52, low: null, high: null },
    },
    littlesLaw: 1.002,
  };
}

/** Seconds after the run's start, its length, and the seconds that were measured. */
function windowAt(after: number, length: number, seconds: number): LoadWindow {
  const iso = (second: number) => new Date(START + 1_000 * second).toISOString();
  return { startedAt: iso(after), endedAt: iso(after + length), seconds };
}

export function anEnvironment(overrides: Partial<Environment> = {}): Environment {
  return {
    machineType: 'ct6e-standard-4t',
    chipsPerNode: 4,
    tpuTopology: '2x2',
    kubernetesVersion: 'v1.33.4-gke.1350000',
    serviceApiVersion: 'serving.kserve.io/v1alpha1',
    inferencePoolGroup: 'inference.networking.x-k8s.io',
    modelId: 'Qwen/Qwen2.5-3B-Instruct',
    blockSizeTokens: 128,
    prefixCaching: true,
    vllmImage: 'vllm/vllm-tpu:v0.11.1',
    pickerImage: 'quay.io/opendatahub/llm-d-inference-scheduler:v0.3',
    scorers: [
      { name: 'prefix-cache-scorer', weight: 2 },
      { name: 'load-aware-scorer', weight: 1 },
    ],
    endpoint: 'http://10.164.0.9',
    vllmArgs: null,
    istioVersion: null,
    kserveVersion: null,
    ...overrides,
  };
}

function aGoodput(): GoodputFigures {
  let started = 2_040;
  const probe = (ratePerSecond: number, withinShare: number): GoodputProbe => {
    const isLost = withinShare < 0.95;
    started += 12;
    const figures = { mean: 1_402, p50: 1_390, p95: 1_610, p99: 1_702 };
    const { mean, ...percentiles } = figures;
    const around = (value: number) => ({ value, low: 0.98 * value, high: 1.02 * value });
    const [p50, p95, p99] = Object.values(percentiles).map(around) as [Percentile, Percentile, Percentile];
    return {
      ratePerSecond,
      requests: isLost ? 61 : 104,
      withinShare,
      load: {
        window: windowAt(started, 11.4, 11.4),
        planned: 104,
        errors: isLost ? 3 : 1,
        e2eMs: isLost ? null : { mean, p50, p95, p99 },
      },
    };
  };
  return {
    sloMs: 1_756,
    sloSource: 'one-replica-p95',
    arms: {
      one: {
        metPerSecond: 6.71,
        missedPerSecond: 7.46,
        probes: [probe(5.97, 1), probe(7.46, 0.93), probe(6.71, 0.98)],
      },
      all: {
        metPerSecond: 18.2,
        missedPerSecond: 20.2,
        probes: [probe(16.2, 1), probe(20.2, 0.91), probe(18.2, 0.97)],
      },
    },
    ratio: { value: 18.2 / 6.71, low: 18.2 / 7.46, high: 20.2 / 6.71 },
  };
}

function aLatency(): LatencyFigures {
  const around = (ms: number) => ({ value: ms, low: 0.97 * ms, high: 1.04 * ms });
  const percentiles = (p50: number, p95: number, p99: number) => ({
    mean: 1.02 * p50,
    p50: around(p50),
    p95: around(p95),
    p99: { ...around(p99), high: null },
  });
  return {
    arrivals: 'poisson',
    ratePerSecond: 10.1,
    seconds: 20,
    window: windowAt(2_015, 20.8, 20.8),
    requests: 203,
    errors: 0,
    mostInFlight: 11,
    buffered: false,
    e2eMs: percentiles(512, 694, 771),
    ttftMs: percentiles(204, 281, 320),
    tpotMs: percentiles(20.5, 27.4, 30.1),
    itlMs: {
      mean: 20.6,
      p50: { value: 20.1, low: null, high: null },
      p95: { value: 29.4, low: null, high: null },
      p99: { value: 41.2, low: null, high: null },
    },
    histograms: { e2e: 'HISTFAAAAB0', ttft: 'HISTFAAAAB0', itl: 'HISTFAAAAB0' },
    client: { eventLoopUtilization: 0.06, sendLagP99Ms: 1.4, stalledShare: 0.001, cpuMsPerRequest: 0.9 },
  };
}

/** Twelve groups of six, each at home: so many on each replica. */
export function groupsAt(homes: number[]): PodCount[][] {
  return homes.flatMap((count, pod) =>
    Array.from({ length: count }, () => perPod(homes.map((_, at) => (at === pod ? 6 : 0)))),
  );
}

export function perPod(counts: number[]): { pod: string; requests: number }[] {
  return counts.map((requests, i) => ({ pod: PODS[i] as string, requests }));
}

/** Seconds and a summary for stages that ran; those not named are skipped, release is pending. */
export function stages(ran: Partial<Record<StageName, [number, string, StageResult['outcome']?]>>): StageResult[] {
  let at = START;
  const names: StageName[] = ['preflight', 'lease', 'deploy', 'ready', 'verify', 'benchmark', 'release'];
  return names.map((stage) => {
    const [seconds, summary, outcome = 'done'] = ran[stage] ?? [null, '', undefined];
    if (seconds === null) {
      const rest = stage === 'release' ? 'pending' : 'skipped';
      return { stage, outcome: rest, startedAt: null, durationMs: null, summary: '' };
    }
    const startedAt = new Date(at).toISOString();
    at += seconds * 1000;
    return { stage, outcome, startedAt, durationMs: outcome === 'pending' ? null : seconds * 1000, summary };
  });
}

export function pods(change: (index: number) => Partial<PodSummary>): PodSummary[] {
  const replica = (name: string, i: number): PodSummary => ({
    name,
    role: 'replica',
    node: `gke-llmd-tpu-v6e-pool-4k2p${i}`,
    readyContainers: 2,
    totalContainers: 2,
    restarts: 0,
    phase: 'Running',
    state: 'Ready',
    readyAfterMs: 800_000 + i * 9_000,
    ...change(i),
  });
  const picker: PodSummary = {
    ...replica('qwen2-3b-pattern3-kserve-router-scheduler-6f4c-p9wqz', 9),
    ...{
      role: 'endpoint-picker',
      node: 'gke-llmd-default-pool-7f3a',
      readyContainers: 2,
      phase: 'Running',
      state: 'Ready',
    },
  };
  return [...PODS.map(replica), picker];
}

export function checks(overrides: Partial<Record<Check['id'], Partial<Check>>> = {}): Check[] {
  const all: Check[] = [
    { id: 'health', title: 'Health', expected: 'HTTP 200', seen: 'HTTP 200', outcome: 'pass' },
    { id: 'models', title: 'Model list', expected: 'one model', seen: '`Qwen/Qwen2.5-3B-Instruct`', outcome: 'pass' },
    { id: 'completion', title: 'Completion', expected: 'text', seen: '10 tokens', outcome: 'pass' },
    { id: 'chat', title: 'Chat completion', expected: 'text', seen: '10 tokens', outcome: 'pass' },
    { id: 'replicas', title: 'Replicas', expected: '3 ready', seen: '3 ready', outcome: 'pass' },
    {
      id: 'picker-engaged',
      title: 'The gateway asks the endpoint picker',
      expected: 'about each request',
      seen: 'the gateway counts 372 requests to it, 372 were sent; 310 of 310 answers carry its mark',
      outcome: 'pass',
    },
    {
      id: 'prefix-affinity',
      title: 'Requests with one prefix go to one replica',
      expected: 'each group on one replica',
      seen: '72 of 72 on their group’s own, 12 groups on 3 replicas',
      outcome: 'pass',
    },
    {
      id: 'unique-spread',
      title: 'Unique prompts, 300 requests',
      expected: 'each replica 22–45%',
      seen: '98 / 103 / 99',
      outcome: 'pass',
    },
    {
      id: 'cache-hits',
      title: 'Prefix-cache hits',
      expected: 'nearer to 74.1% than to 48.3%',
      seen: '73.9%',
      outcome: 'pass',
    },
  ];
  return all.map((check) => ({ ...check, ...overrides[check.id] }));
}
