import { endToEnd, isBuffered, timePerOutputToken, timeToFirstToken } from '../../load/definitions.ts';
import { createHistogram, type LatencyHistogram } from '../../load/histogram.ts';
import { runOpenLoop } from '../../load/open-loop.ts';
import { requestBody } from '../../load/prompts.ts';
import { silenceLimitMs } from '../../load/silence.ts';
import type { RequestRecord } from '../../load/types.ts';
import { windowTimes } from '../../load/window-times.ts';
import type { LatencyFigures, Percentiles } from '../../report/model.ts';
import type { LatencySamples } from '../../verdict/slo-latency.ts';
import { percentile, percentilesOf } from '../../verdict/statistics.ts';
import type { StageContext } from '../context.ts';
import type { ReadyStack } from '../ready/ready.ts';
import type { VerifiedModel } from '../verify/verify.ts';
import { gapCounter, latencySamples } from './latency-samples.ts';
import { loadClient, OPEN_LOOP_CONNECTIONS } from './load-client.ts';
import { stoppedAnswering } from './stopped.ts';
import { promptsOf } from './workload.ts';

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
  bench: { context: StageContext; stack: ReadyStack; model: VerifiedModel },
  sustained: number,
): Promise<{ figures: LatencyFigures; samples: LatencySamples } | null> {
  const { context, stack, model } = bench;
  const { inputs, runKey } = context;
  const { latencyDurationMs: durationMs, maxTokens } = inputs;
  const ratePerSecond = openLoopRate(sustained, maxTokens);
  if (durationMs === 0 || !(ratePerSecond > 0)) return null;
  const gaps = createHistogram();
  const counter = gapCounter(inputs.slo);
  const client = loadClient(stack.route.endpoint, stack.route.hostname, OPEN_LOOP_CONNECTIONS, maxTokens, {
    onGap: (ms) => gaps.add(ms),
    gapsOfStream: counter.ofStream,
  });
  const prompts = promptsOf(context, 'latency');
  try {
    const run = await runOpenLoop({
      client,
      nextBody: () =>
        requestBody(prompts(), {
          api: 'completions',
          model: model.modelId,
          maxTokens,
          fixedLength: true,
          stream: true,
        }),
      arrivals: 'poisson',
      ratePerSecond,
      durationMs,
      seed: `${runKey}/arrivals`,
      arm: 'all',
      block: BLOCK,
      silentMs: silenceLimitMs({ gapMs: 1_000 / ratePerSecond }),
      signal: context.signal,
    });
    context.signal.throwIfAborted();
    if (run.silent) throw stoppedAnswering('the latency was measured');
    const seconds = (run.stopMs - run.startMs) / 1_000;
    const lags = run.records.map(({ sentMs, intendedMs }) => sentMs - intendedMs);
    const figures: LatencyFigures = {
      arrivals: 'poisson',
      ratePerSecond,
      seconds,
      window: windowTimes([{ startMs: run.startMs, endMs: run.drainedMs }]),
      mostInFlight: run.mostInFlight,
      ...latencyFigures(run.records, gaps),
      client: {
        eventLoopUtilization: run.self.eventLoopUtilization,
        sendLagP99Ms: lags.length > 0 ? percentile(lags, 0.99) : 0,
        stalledShare: seconds > 0 ? run.self.stalledMs / 1_000 / seconds : 0,
        cpuMsPerRequest: run.records.length > 0 ? run.self.cpuMs / run.records.length : 0,
      },
    };
    const { records } = run;
    return { figures, samples: latencySamples(figures, { records, counter, gaps, tokens: maxTokens }) };
  } finally {
    await client.close();
  }
}

/** From the records of an open loop: errors counted, times from the valid answers alone. Pure but for the histogram given. */
export function latencyFigures(
  records: readonly RequestRecord[],
  gaps: LatencyHistogram,
): Omit<LatencyFigures, 'arrivals' | 'ratePerSecond' | 'seconds' | 'window' | 'mostInFlight' | 'client'> {
  const valid = records.filter((record) => record.valid);
  // Half of them: one that came late in one piece is not a buffer on the way.
  const buffered = valid.length > 0 && 2 * valid.filter(isBuffered).length > valid.length;
  const e2e = valid.map(endToEnd);
  const ttft = buffered ? [] : valid.map(timeToFirstToken).filter((ms) => ms !== null);
  const tpot = buffered ? [] : valid.map(timePerOutputToken).filter((ms) => ms !== null);
  const histogramOf = (values: readonly number[]) => {
    const histogram = createHistogram();
    for (const value of values) histogram.add(value);
    return histogram.encoded();
  };
  return {
    requests: records.length,
    errors: records.length - valid.length,
    buffered,
    e2eMs: percentilesOf(e2e),
    ttftMs: percentilesOf(ttft),
    tpotMs: percentilesOf(tpot),
    itlMs: buffered || gaps.count() === 0 ? null : fromHistogram(gaps),
    histograms: {
      e2e: histogramOf(e2e),
      ttft: ttft.length > 0 ? histogramOf(ttft) : null,
      itl: buffered || gaps.count() === 0 ? null : gaps.encoded(),
    },
  };
}

/** Gaps of one answer depend on each other, so that limits for independent values would be too narrow: none are given. */
function fromHistogram(histogram: LatencyHistogram): Percentiles {
  const at = (share: number) => ({ value: histogram.at(share) ?? 0, low: null, high: null });
  return { mean: histogram.mean(), p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}
