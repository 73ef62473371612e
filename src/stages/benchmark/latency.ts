import { encodedHistogram, type LatencyHistogram } from '../../load/histogram.ts';
import type { OpenResult } from '../../load/open-source.ts';
import { openSilenceMs } from '../../load/silence.ts';
import { windowTimes } from '../../load/window-times.ts';
import type { LatencyFigures, Percentiles } from '../../report/model.ts';
import type { LatencySamples } from '../../verdict/slo-latency.ts';
import { percentile, percentilesOf } from '../../verdict/statistics.ts';
import type { StageContext } from '../context.ts';
import type { ReadyStack } from '../ready/ready.ts';
import type { VerifiedModel } from '../verify/verify.ts';
import { latencySamples } from './latency-samples.ts';
import type { Loader } from './loader.ts';
import { stoppedAnswering } from './stopped.ts';

/** A load that leaves room: at the knee, latency is that of the queue. */
const SHARE_OF_RATE = 0.5;
/** Tokens that the load client reads with a tenth of its processor; a faster system is asked less often. */
const TOKENS_PER_SECOND = 5_000;
/** Blocks of the pairs have numbers from 0. */
const BLOCK = -200;

/** Requests per second of an open loop, from what is sustained in a closed one. */
export function openLoopRate(sustained: number, maxTokens: number): number {
  return Math.min(SHARE_OF_RATE * sustained, TOKENS_PER_SECOND / maxTokens);
}

/**
 * What a user of the service waits for: streamed answers of all replicas at half of the rate that they were measured to
 * sustain, in an open loop with Poisson arrivals. Part of the verdict where the input `slo` limits it: `samples` are for that.
 */
export async function measureLatency(
  bench: {
    context: StageContext;
    stack: Pick<ReadyStack, 'route'>;
    model: Pick<VerifiedModel, 'modelId'>;
    loader: Pick<Loader, 'open'>;
  },
  sustained: number,
): Promise<{ figures: LatencyFigures; samples: LatencySamples } | null> {
  const { inputs, runKey } = bench.context;
  const { latencyDurationMs: durationMs, maxTokens, slo: limits } = inputs;
  const ratePerSecond = openLoopRate(sustained, maxTokens);
  if (durationMs === 0 || !(ratePerSecond > 0)) return null;
  const load = {
    ...{ arm: 'all' as const, block: BLOCK, ratePerSecond, durationMs, streaming: true, limits, within: null },
    ...{ part: 'latency', seed: `${runKey}/arrivals`, silentMs: openSilenceMs(ratePerSecond, inputs) },
  };
  const result = await bench.loader.open(load, bench, null);
  if (result.silent) throw stoppedAnswering('the latency was measured');
  const { startMs, stopMs, drainedMs, mostInFlight, lagsMs, self, requests } = result;
  const seconds = (stopMs - startMs) / 1_000;
  const figures: LatencyFigures = {
    arrivals: 'poisson',
    ratePerSecond,
    seconds,
    window: windowTimes([{ startMs, endMs: drainedMs }]),
    mostInFlight,
    ...latencyFigures(result),
    client: {
      eventLoopUtilization: self.eventLoopUtilization,
      sendLagP99Ms: lagsMs.length > 0 ? percentile(lagsMs, 0.99) : 0,
      stalledShare: seconds > 0 ? self.stalledMs / 1_000 / seconds : 0,
      cpuMsPerRequest: requests > 0 ? self.cpuMs / requests : 0,
    },
  };
  return { figures, samples: latencySamples(figures, { result, limits, tokens: maxTokens }) };
}

/** Of an open loop: errors counted, times from the valid answers alone. Pure. */
export function latencyFigures(
  result: Pick<OpenResult, 'requests' | 'errors' | 'buffered' | 'e2eMs' | 'ttftMs' | 'tpotMs' | 'gaps'>,
): Omit<LatencyFigures, 'arrivals' | 'ratePerSecond' | 'seconds' | 'window' | 'mostInFlight' | 'client'> {
  const { requests, errors, e2eMs, gaps } = result;
  const valid = requests - errors;
  // Half of them: one that came late in one piece is not a buffer on the way.
  const buffered = valid > 0 && 2 * result.buffered > valid;
  const ttft = buffered ? [] : result.ttftMs;
  const tpot = buffered ? [] : result.tpotMs;
  return {
    ...{ requests, errors, buffered },
    e2eMs: percentilesOf(e2eMs),
    ttftMs: percentilesOf(ttft),
    tpotMs: percentilesOf(tpot),
    itlMs: buffered || gaps.count() === 0 ? null : fromHistogram(gaps),
    histograms: {
      e2e: encodedHistogram(e2eMs),
      ttft: ttft.length > 0 ? encodedHistogram(ttft) : null,
      itl: buffered || gaps.count() === 0 ? null : gaps.encoded(),
    },
  };
}

/** Gaps of one answer depend on each other, so that limits for independent values would be too narrow: none are given. */
function fromHistogram(histogram: LatencyHistogram): Percentiles {
  const at = (share: number) => ({ value: histogram.at(share) ?? 0, low: null, high: null });
  return { mean: histogram.mean(), p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}
