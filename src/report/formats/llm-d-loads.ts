import { changeOf } from '../change.ts';
import type {
  ArmFigures,
  ArmName,
  Benchmark,
  ComparedArm,
  GoodputProbe,
  LatencyFigures,
  LoadWindow,
  Percentiles,
  Report,
} from '../model.ts';

/** What kind of load a document is of. Each has a format of its own. */
export type LoadKind = ArmName | 'head' | 'base' | 'open' | 'goodput';

/** One load that was put on a stack, with what was measured of it. */
export interface MeasuredLoad {
  /** Unique in its run, and part of a file's name: `one`, `goodput-all-2`. */
  id: string;
  kind: LoadKind;
  /** A few words for the legend of a chart. */
  label: string;
  service: string;
  /** Replicas that the load reached. */
  replicas: number;
  /** Requests in flight of a closed loop, or requests per second of an open one. */
  shape: { concurrency: number } | { rate_qps: number };
  /** Null where it is not known, as in older reports. */
  window: LoadWindow | null;
  requests: number;
  errors: number;
  /** Mean of the valid answers; null where it is not known. */
  outputTokens: number | null;
  /** Of valid answers. Null where the load does not have them: a rate that was left early. */
  rates: { requestsPerSecond: number; outputTokensPerSecond: number } | null;
  /** Milliseconds. */
  e2eMs: Percentiles | null;
  ttftMs: Percentiles | null;
  tpotMs: Percentiles | null;
  itlMs: Percentiles | null;
  /** Of the model server; null where it is not known. */
  image: string | null;
  /** vLLM's command line; null where it is not known. */
  args: string | null;
  /** Ids of what takes the figures' standing away. */
  vetoes: string[];
  /** What only this gate knows of the load. */
  own: Readonly<Record<string, unknown>>;
}

/** The stack that a load was put on. */
type Stack = Pick<MeasuredLoad, 'service' | 'image' | 'args' | 'vetoes'>;

/**
 * Every load of a run, in the order in which a chart should have them. An arm that an earlier run recorded is not one of this
 * run.
 */
export function loadsOf(report: Report): MeasuredLoad[] {
  const { benchmark, environment } = report;
  if (!benchmark) return [];
  const stack = {
    service: report.plan.service ?? 'service',
    image: environment.vllmImage,
    args: environment.vllmArgs,
    vetoes: benchmark.vetoes.map(({ id }) => id),
  };
  return [
    ...scalingLoads(benchmark, stack),
    ...changeLoads(report),
    ...(benchmark.latency ? [openLoad(benchmark.latency, benchmark, stack)] : []),
    ...goodputLoads(benchmark, stack),
  ];
}

const replicasText = (replicas: number) => `${replicas} ${replicas === 1 ? 'replica' : 'replicas'}`;
const NO_STREAM = { ttftMs: null, tpotMs: null, itlMs: null };

function scalingLoads(benchmark: Benchmark, stack: Stack): MeasuredLoad[] {
  return (['one', 'all'] as const)
    .filter((arm) => arm === 'all' || benchmark.design !== 'recorded')
    .map((arm) => {
      const replicas = arm === 'one' ? 1 : benchmark.replicas;
      const concurrency = benchmark.concurrencyPerReplica * replicas;
      const label = `${replicasText(replicas)}, closed loop`;
      return closedLoad(benchmark.arms[arm], { ...stack, id: arm, label, replicas, concurrency });
    });
}

function changeLoads(report: Report): MeasuredLoad[] {
  const { change, arms = [] } = changeOf(report) ?? {};
  if (!change) return [];
  const isSide = (arm: ComparedArm): arm is ComparedArm & { name: 'head' | 'base' } =>
    arm.name === 'head' || arm.name === 'base';
  return arms.filter(isSide).map(({ name, replicas, concurrency, service }) => {
    const label = `${name}, ${replicasText(replicas)}, closed loop`;
    const args = name === 'head' ? report.environment.vllmArgs : null;
    const stack = { service, image: change[name].vllmImage, args, vetoes: change.vetoes.map(({ id }) => id) };
    return closedLoad(change[name].load, { ...stack, id: name, label, replicas, concurrency });
  });
}

function closedLoad(
  figures: ArmFigures,
  {
    id,
    concurrency,
    ...of
  }: Stack &
    Pick<MeasuredLoad, 'label' | 'replicas'> & { id: Exclude<LoadKind, 'open' | 'goodput'>; concurrency: number },
): MeasuredLoad {
  const { requests, errors, requestsPerSecond, outputTokensPerSecond, window = null } = figures;
  return {
    ...of,
    ...NO_STREAM,
    id,
    kind: id,
    shape: { concurrency },
    window,
    requests,
    errors,
    outputTokens: figures.meanOutputTokens,
    rates: { requestsPerSecond, outputTokensPerSecond },
    e2eMs: figures.latencyMs,
    own: { measuredSeconds: window?.seconds ?? null },
  };
}

function openLoad(latency: LatencyFigures, { replicas, workload }: Benchmark, stack: Stack): MeasuredLoad {
  const { ratePerSecond, window = null, requests, errors, e2eMs, ttftMs, tpotMs, itlMs, arrivals } = latency;
  return {
    ...stack,
    id: 'open',
    kind: 'open',
    label: `${replicasText(replicas)}, ${rateText(ratePerSecond)}`,
    replicas,
    shape: { rate_qps: ratePerSecond },
    window,
    requests,
    errors,
    outputTokens: workload.maxTokens,
    rates: ratesIn(window?.seconds ?? latency.seconds, requests - errors, workload),
    ...{ e2eMs, ttftMs, tpotMs, itlMs },
    own: { arrivals },
  };
}

function goodputLoads(benchmark: Benchmark, stack: Stack): MeasuredLoad[] {
  const { goodput } = benchmark;
  if (!goodput) return [];
  return (['one', 'all'] as const).flatMap((arm) =>
    goodput.arms[arm].probes.map((probe, index) => ({
      ...stack,
      ...goodputLoad(probe, benchmark, { arm, sloMs: goodput.sloMs }),
      id: `goodput-${arm}-${index + 1}`,
    })),
  );
}

function goodputLoad(
  { ratePerSecond, requests, withinShare, load }: GoodputProbe,
  { replicas: all, workload }: Benchmark,
  { arm, sloMs }: { arm: ArmName; sloMs: number },
): Omit<MeasuredLoad, 'id' | keyof Stack> {
  const replicas = arm === 'one' ? 1 : all;
  const { window = null, errors = 0, e2eMs = null } = load ?? {};
  return {
    ...NO_STREAM,
    kind: 'goodput',
    label: `${replicasText(replicas)}, goodput, ${rateText(ratePerSecond)}`,
    replicas,
    shape: { rate_qps: ratePerSecond },
    window,
    requests,
    errors,
    outputTokens: load ? workload.maxTokens : null,
    rates: window && e2eMs ? ratesIn(window.seconds, requests - errors, workload) : null,
    e2eMs,
    own: { arm, arrivals: 'poisson', sloMs, withinShare, planned: load?.planned ?? null },
  };
}

const rateText = (perSecond: number) => `${Number(perSecond.toPrecision(3))} req/s`;

/** Every valid answer has exactly the tokens that were ordered. Null without a time. */
function ratesIn(seconds: number, valid: number, { maxTokens }: Benchmark['workload']): MeasuredLoad['rates'] {
  if (!(seconds > 0)) return null;
  return { requestsPerSecond: valid / seconds, outputTokensPerSecond: (valid * maxTokens) / seconds };
}
