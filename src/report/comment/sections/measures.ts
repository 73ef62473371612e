import { CONFIDENCE } from '../../../lib/confidence.ts';
import { decimal } from '../../../lib/number.ts';
import { code, prose } from '../../escape.ts';
import {
  count,
  integer,
  milliseconds,
  NOT_MEASURED,
  percent,
  plain,
  range,
  ratio,
  requestsPerSecond,
  significant,
  tokensPerSecond,
} from '../../format.ts';
import type {
  ArmFigures,
  Benchmark,
  BenchmarkPair,
  Finding,
  GoodputArm,
  Interval,
  Percentile,
  Percentiles,
  Report,
} from '../../model.ts';
import { speedupText } from '../../speedup.ts';
import { oneReplicaTitle, shortNames } from '../../wording.ts';
import { bullets, paragraphs, table } from '../markdown.ts';
import { costTable } from './cost.ts';
import type { Section } from './section.ts';

/** Both arms side by side, how they were measured, and what is to be known about the figures. */
export function measures(report: Report): Section | null {
  const { benchmark } = report;
  if (!benchmark) return null;
  const { all, one } = benchmark.arms;
  const efficiency = benchmark.efficiency ? `, scaling efficiency ${percent(benchmark.efficiency.value)}` : '';
  const many = `${requestsPerSecond(all.requestsPerSecond)} on ${count(benchmark.replicas, 'replica')}`;
  return {
    name: 'measures',
    summary: `All measures: ${many}, ${requestsPerSecond(one.requestsPerSecond)} on one${efficiency}`,
    body: paragraphs([
      armTable(benchmark),
      latencyTable(benchmark),
      goodputLine(benchmark),
      ratioLines(report, benchmark),
      costTable(report),
      findings(benchmark),
      howMeasured(benchmark),
    ]),
    open: false,
  };
}

/** Every pair of blocks: the raw material of the interval. */
export function pairs(report: Report): Section | null {
  const { benchmark } = report;
  if (!benchmark || benchmark.pairs.length === 0) return null;
  const ratios = benchmark.pairs.map((pair) => pair.ratio);
  const pods = [...new Set(benchmark.pairs.flatMap((pair) => pair.perPod.map(({ pod }) => pod)))];
  const baselines = benchmark.pairs.flatMap(({ baseline }) => baseline ?? []);
  const names = shortNames([...pods, ...baselines]);
  const name = (pod: string) => code(names.get(pod) ?? pod, 60);
  const isRotated = baselines.length > 0;
  const isDirect = benchmark.pairs.some(({ directRequestsPerSecond: rate }) => rate != null);
  const header = [
    ...['Pair', 'Order', '1 replica', ...(isRotated ? ['Which'] : []), count(benchmark.replicas, 'replica'), 'Ratio'],
    ...(isDirect ? ['Ratio past the picker'] : []),
  ];
  const rows = benchmark.pairs.map((pair) => [
    integer(pair.index),
    pair.order === 'one-first' ? '1 first' : `${benchmark.replicas} first`,
    `${significant(pair.oneRequestsPerSecond)} (${integer(pair.oneCompleted)} in ${plain(tenth(pair.oneWindowSeconds))} s)`,
    ...(isRotated ? [pair.baseline ? name(pair.baseline) : '–'] : []),
    `${significant(pair.allRequestsPerSecond)} (${integer(pair.allCompleted)} in ${plain(tenth(pair.allWindowSeconds))} s)`,
    ratio(pair.ratio, 3),
    ...(isDirect ? [directRatio(pair)] : []),
    ...pods.map((pod) => integer(pair.perPod.find((one) => one.pod === pod)?.requests ?? 0)),
  ]);
  return {
    name: 'pairs',
    summary: `${count(benchmark.pairs.length, 'pair')}: ratios ${range(Math.min(...ratios), Math.max(...ratios))}`,
    body: table(
      [...header, ...pods.map(name)],
      header
        .map((title) => (title === 'Order' || title === 'Which' ? 'left' : 'right'))
        .concat(pods.map(() => 'right')),
      rows,
    ),
    open: false,
  };
}

function directRatio({ directRequestsPerSecond: all, oneRequestsPerSecond: one }: BenchmarkPair): string {
  return all == null ? '–' : ratio(all / one, 3);
}

function armTable(benchmark: Benchmark): string {
  const { all, one } = benchmark.arms;
  const row = (label: string, show: (arm: ArmFigures) => string) => [label, show(all), show(one)];
  const mean = (arm: ArmFigures) => (arm.latencyMs ? `${milliseconds(arm.latencyMs.mean)} ms` : NOT_MEASURED);
  const latency = (name: 'p50' | 'p95' | 'p99') => (arm: ArmFigures) =>
    arm.latencyMs ? withLimits(arm.latencyMs[name]) : NOT_MEASURED;
  const load = (replicas: number) => integer(benchmark.concurrencyPerReplica * replicas);
  return table(
    ['Measure', count(benchmark.replicas, 'replica'), oneReplicaTitle(benchmark)],
    ['left', 'right', 'right'],
    [
      row('Throughput', (arm) => requestsPerSecond(arm.requestsPerSecond)),
      row('Output throughput', (arm) => tokensPerSecond(arm.outputTokensPerSecond)),
      ['Requests in flight', load(benchmark.replicas), load(1)],
      row('Latency, mean', mean),
      row('Latency, p50 (95 % limits)', latency('p50')),
      row('Latency, p95', latency('p95')),
      row('Latency, p99', latency('p99')),
      row('Requests', (arm) => integer(arm.requests)),
      row('Errors', (arm) => integer(arm.errors)),
      row('Output tokens per request, mean', (arm) => decimal(arm.meanOutputTokens, 1)),
      row('Little’s law (1 = consistent)', (arm) =>
        arm.littlesLaw === null ? NOT_MEASURED : decimal(arm.littlesLaw, 3),
      ),
    ],
  );
}

/** What a user waits for, below saturation; null when it was not measured. */
function latencyTable({ latency }: Benchmark): string | null {
  if (!latency) return null;
  const row = (label: string, figures: Percentiles | null) =>
    figures && [label, withLimits(figures.p50), withLimits(figures.p95), withLimits(figures.p99)];
  const rows = [
    row('End to end, from the intended start', latency.e2eMs),
    row('Time to first token', latency.ttftMs),
    row('Time per output token, one value a request', latency.tpotMs),
    row('Inter-token latency, each gap', latency.itlMs),
  ].filter((found) => found !== null);
  const load = `${requestsPerSecond(latency.ratePerSecond)} in an open loop, Poisson arrivals, ${integer(latency.requests)} requests, ${count(latency.errors, 'error')}, at most ${integer(latency.mostInFlight)} in flight`;
  const note = latency.buffered
    ? '\n\nThe streams came as one piece: something on the way buffers them, so that times of tokens say nothing and are left out.'
    : '';
  return `${table([`Streamed answers, at ${load}`, 'p50 (95 % limits)', 'p95', 'p99'], ['left', 'right', 'right', 'right'], rows)}${note}`;
}

/** The most that each arm serves within one limit of latency; null when it was not measured. */
function goodputLine({ goodput, replicas }: Benchmark): string | null {
  if (!goodput) return null;
  const { arms, ratio: over, sloMs, sloSource } = goodput;
  const tried = (arm: GoodputArm) => arm.probes.map(({ ratePerSecond }) => ratePerSecond);
  const rate = (arm: GoodputArm) =>
    arm.metPerSecond === null
      ? `less than ${requestsPerSecond(Math.min(...tried(arm)))}`
      : `${requestsPerSecond(arm.metPerSecond)}${arm.missedPerSecond === null ? ' or more' : ''}`;
  const side = (value: number | null, open: string) => (value === null ? open : ratio(value));
  const ratios = over ? `, ${ratio(over.value)} (${side(over.low, 'open')} to ${side(over.high, 'open')})` : '';
  const source = sloSource === 'given' ? 'as given' : 'the p95 of one replica at the load of the pairs';
  return `Goodput, 95% of the answers within ${milliseconds(sloMs)} ms (${source}), open loop: ${rate(arms.all)} on ${count(replicas, 'replica')}, ${rate(arms.one)} on one${ratios}. By a search over rates a tenth of the throughput apart: the range is that of the neighbouring rates, no confidence interval.`;
}

function withLimits({ value, low, high }: Percentile): string {
  if (low === null && high === null) return `${milliseconds(value)} ms`;
  const limit = (ms: number | null) => (ms === null ? '' : milliseconds(ms));
  return `${milliseconds(value)} ms (${limit(low)}–${limit(high)})`;
}

function ratioLines(report: Report, benchmark: Benchmark): string {
  const { minSpeedup, expectedMaxSpeedup } = report.target;
  const speed = speedupText(report);
  const { efficiency } = benchmark;
  const share = (value: number) => integer((value / benchmark.replicas) * 100);
  const lines = [
    speed
      ? `Speedup ${speed.value}, ${CONFIDENCE} limits ${speed.range}×. The lower limit must exceed ${speed.min}×.`
      : null,
    efficiency
      ? `Scaling efficiency (speedup ÷ ${benchmark.replicas}) ${percent(efficiency.value, 1)}, ${CONFIDENCE} limits ` +
        `${decimal(efficiency.low * 100, 1)}–${decimal(efficiency.high * 100, 1)}%. ` +
        `The target range ${plain(minSpeedup)}–${plain(expectedMaxSpeedup)}× equals ${share(minSpeedup)}–${share(expectedMaxSpeedup)}%.`
      : null,
    ...wayLines(benchmark),
    ...spreadLines(benchmark),
  ];
  return bullets(lines.filter((line) => line !== null));
}

/** Both ratios, where the requests to one replica do not pass the endpoint picker. */
function wayLines({ ways }: Benchmark): string[] {
  if (!ways?.picker || !ways.direct) return [];
  const shown = ({ value, low, high }: Interval) => `${ratio(value)} (${range(low, high)}×)`;
  const used = ways.used === 'picker' ? 'first' : 'second';
  return [
    `Requests to one replica do not pass the endpoint picker, so the cost of its hop was measured: all replicas give ${shown(ways.picker)} of one when requests to all pass it, and ${shown(ways.direct)} when these do not pass it either. The verdict uses the ${used}, which is the lower.`,
  ];
}

/** What the replicas do alone: the baseline was each in turn. */
function spreadLines({ spread }: Benchmark): string[] {
  if (!spread) return [];
  const names = shortNames(spread.perReplica.map(({ pod }) => pod));
  const each = spread.perReplica.map(({ pod, requestsPerSecond: rate, relative, standsOut }) => {
    const share = `${requestsPerSecond(rate)}, ${percent(relative)} of the mean`;
    return `${code(names.get(pod) ?? pod, 60)} ${share}${standsOut ? ', **stands out**' : ''}`;
  });
  return [`Each replica alone: ${each.join('; ')}. The fastest is ${percent(spread.spread, 1)} above the slowest.`];
}

function findings(benchmark: Benchmark): string | null {
  const line = (word: string) => (finding: Finding) => `**${word}** ${code(finding.id, 60)}: ${prose(finding.message)}`;
  const lines = [...benchmark.vetoes.map(line('Veto')), ...benchmark.warnings.map(line('Warning'))];
  return lines.length > 0 ? bullets(lines) : null;
}

function howMeasured(benchmark: Benchmark): string {
  const { client, looks, workload } = benchmark;
  const stopped = {
    pass: 'the lower limit had been crossed',
    fail: 'the upper limit had been crossed',
    budget: 'the budget was spent',
    time: 'the time or the money of the run did not reach for another pair',
    aborted: 'the measurement broke off',
  };
  return bullets([
    `Method: ${prose(benchmark.method)}`,
    `One replica: ${prose(benchmark.oneReplicaArm)}`,
    `Workload: ${prose(workload.description)} (${integer(workload.promptTokens)} prompt tokens, at most ${integer(workload.maxTokens)} output tokens)`,
    ...loadLine(benchmark),
    ...(benchmark.ladder
      ? [
          `Requests in flight per replica: ${integer(benchmark.concurrencyPerReplica)}, found on one replica: ${benchmark.ladder
            .map((rung) => `${integer(rung.concurrency)} → ${requestsPerSecond(rung.requestsPerSecond)}`)
            .join(', ')}`,
        ]
      : []),
    `Stopped after ${integer(looks.done)} of at most ${count(looks.planned, 'look')}: ${stopped[looks.stopped]}.`,
    `Load client: event loop ${percent(client.eventLoopUtilization)} busy, send lag p99 ${milliseconds(client.sendLagP99Ms)} ms, kept from running ${percent(client.stalledShare)} of the time, ${client.cpuMsPerRequest.toFixed(2)} ms of CPU per request.`,
  ]);
}

/** Where the load came from, unless it was the runner without a choice. */
function loadLine({ load }: Benchmark): string[] {
  if (!load) return [];
  const from = load.from === 'runner' ? 'the runner' : `${count(load.clients, 'load client')} inside the cluster`;
  const reason = load.reason === null ? '.' : `. ${prose(load.reason)}`;
  // A reason names it already.
  const why = load.reason === null ? `, since the runner cannot reach the gateway (${prose(load.tunnel ?? '')})` : '';
  const checks = load.tunnel === null ? '' : ` The checks went through the API server${why}.`;
  return [`Load: from ${from}${reason}${checks}`];
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}
