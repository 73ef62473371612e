import type { RequestRecord } from './types.ts';

/** Monotonic milliseconds. */
export interface WindowBounds {
  startMs: number;
  endMs: number;
}

export interface WindowFigures {
  seconds: number;
  /** Valid requests per second, each weighted by the share of its own duration that lies inside the window. */
  requestsPerSecond: number;
  outputTokensPerSecond: number;
  /** Valid responses whose last byte lies inside the window. */
  completed: number;
  /** Requests that ended inside the window with an error. */
  errors: number;
  /** Mean of end − sent over valid requests with the same weights; null when there are none. */
  meanLatencyMs: number | null;
  /** Valid requests per second in the two halves of the window. */
  halves: { first: number; second: number };
}

/** The steady part of a block: what comes after `trimMs`, up to the end of the load. */
export function steadyWindow(block: { startMs: number; stopMs: number }, trimMs: number): WindowBounds {
  return { startMs: block.startMs + trimMs, endMs: block.stopMs };
}

/**
 * Throughput and latency of one block inside its window.
 *
 * Requests of equal length that start together also end together, in steps of the whole concurrency. Whole completions
 * inside a fixed window would then depend on where the edges fall between two steps: with 10 in flight, 1.3 s each and
 * a 9 s window, by 14 %. So a request that crosses an edge counts by the share of its duration that lies inside. Over a
 * stationary run both counts have the same expectation (the two edges each contribute one half of a request on
 * average), but this one has no steps. It needs requests in flight at the end to be allowed to finish.
 */
export function measureWindow(records: readonly RequestRecord[], bounds: WindowBounds): WindowFigures {
  const middleMs = (bounds.startMs + bounds.endMs) / 2;
  // A block that was cut short may have ended before its window began.
  const seconds = Math.max(0, bounds.endMs - bounds.startMs) / 1_000;
  const perSecond = (amount: number) => (seconds > 0 ? amount / seconds : 0);
  let [weight, tokens, latency, firstHalf, completed, errors] = [0, 0, 0, 0, 0, 0];
  for (const record of records) {
    const endsInside = record.endMs > bounds.startMs && record.endMs <= bounds.endMs;
    if (!record.valid) {
      if (endsInside && record.errorKind !== 'cancelled') errors++;
      continue;
    }
    if (endsInside) completed++;
    const share = shareInside(record, bounds.startMs, bounds.endMs);
    if (share === 0) continue;
    weight += share;
    tokens += share * (record.completionTokens ?? 0);
    latency += share * (record.endMs - record.sentMs);
    firstHalf += shareInside(record, bounds.startMs, middleMs);
  }
  return {
    seconds,
    requestsPerSecond: perSecond(weight),
    outputTokensPerSecond: perSecond(tokens),
    completed,
    errors,
    meanLatencyMs: weight > 0 ? latency / weight : null,
    halves: { first: perSecond(2 * firstHalf), second: perSecond(2 * (weight - firstHalf)) },
  };
}

function shareInside(record: RequestRecord, fromMs: number, toMs: number): number {
  const duration = record.endMs - record.sentMs;
  // An answer within one tick of the clock counts whole, where it ended.
  if (duration <= 0) return record.endMs > fromMs && record.endMs <= toMs ? 1 : 0;
  const inside = Math.min(record.endMs, toMs) - Math.max(record.sentMs, fromMs);
  return inside > 0 ? inside / duration : 0;
}

/**
 * Little's law: throughput × mean latency ÷ requests in flight. 1 when the client really kept `concurrency` requests in
 * flight and its clock and counts are right; null without valid requests.
 */
export function littlesLaw(window: WindowFigures, concurrency: number): number | null {
  if (window.meanLatencyMs === null) return null;
  return (window.requestsPerSecond * window.meanLatencyMs) / 1_000 / concurrency;
}
