import { medianOf, type SourceLoad, type SourceResult } from './source.ts';

export interface WarmUp {
  /** Valid requests per second, bin by bin. */
  bins: number[];
  settled: boolean;
  /** Median latency of the last bin, for the pair timings; null when nothing valid came back. */
  medianLatencyMs: number | null;
}

/** How long a bin of the warm-up loads, and what is cut off from its start, in milliseconds. */
export type BinLoad = Pick<SourceLoad, 'durationMs' | 'trimMs'>;

/**
 * Latencies that a bin is long. The first is cut off: until then, requests that wait for others have not waited for as long
 * as those after them. They would count for more than a replica can serve, by half where twice as many are in flight as it
 * works on at a time.
 */
const BIN_LATENCIES = 2.5;
/** A bin of fewer latencies than this measures its own start, and agrees with none. */
const LEAST_LATENCIES = 2;

/**
 * The bin after others, the last of which had requests of `latencyMs`, and the one before it of `earlierMs`; null where that
 * is not known. It takes `binMs`, or longer where a request needs it. A compilation makes all requests of one bin slow:
 * what is more than twice as slow as before has to be so once more.
 */
export function binLoad(binMs: number, latencyMs: number | null, earlierMs: number | null): BinLoad {
  const believedMs = Math.min(latencyMs ?? 0, 2 * (earlierMs ?? 0));
  const durationMs = Math.max(binMs, BIN_LATENCIES * believedMs);
  return { durationMs, trimMs: Math.min(latencyMs ?? Number.POSITIVE_INFINITY, durationMs / BIN_LATENCIES) };
}

/**
 * Loads one arm, at its own concurrency, until two bins in a row agree: one request would warm neither the larger batch
 * shapes that XLA compiles on first use nor the other replicas. `runBin` runs one bin of load. Ends unsettled after
 * `maxBins`, and early when a bin is aborted, failing or without one valid answer, or when most requests of two bins in a row
 * fail.
 */
export async function warmUp(options: {
  /** Length of a bin, milliseconds, for requests that take less than two fifths of it. */
  binMs: number;
  runBin: (index: number, load: BinLoad) => Promise<SourceResult>;
  maxBins: number;
  /** Of requests at a lower load, milliseconds. */
  latencyMs?: number | null;
  /** Largest relative difference of two bins that agree. Default 0.1. */
  tolerance?: number;
}): Promise<WarmUp> {
  const tolerance = options.tolerance ?? 0.1;
  const bins: number[] = [];
  let steady: number[] = [];
  let mostlyFailing = 0;
  let medianLatencyMs = options.latencyMs ?? null;
  let earlierMs = medianLatencyMs;
  for (let index = 0; index < options.maxBins; index++) {
    const load = binLoad(options.binMs, medianLatencyMs, earlierMs);
    const bin = await options.runBin(index, load);
    const { requestsPerSecond } = bin.measured.window;
    bins.push(requestsPerSecond);
    earlierMs = medianLatencyMs;
    medianLatencyMs = medianOf(bin);
    const isLong = medianLatencyMs !== null && load.durationMs >= LEAST_LATENCIES * medianLatencyMs;
    steady = isLong ? [...steady, requestsPerSecond] : [];
    if (agree(steady, tolerance)) return { bins, settled: true, medianLatencyMs };
    const { requests, valid } = bin.measured.tally;
    mostlyFailing = 2 * valid < requests ? mostlyFailing + 1 : 0;
    // Each further bin would wait for its deadlines for nothing.
    if (bin.measured.run.ended !== 'complete' || medianLatencyMs === null || mostlyFailing === 2) break;
  }
  return { bins, settled: false, medianLatencyMs };
}

/** Whether the last two of the bins differ by no more than `tolerance` of the larger one; a bin of zero never agrees. */
export function agree(bins: readonly number[], tolerance: number): boolean {
  const [previous, last] = bins.slice(-2);
  if (previous === undefined || last === undefined || previous === 0 || last === 0) return false;
  return Math.abs(last - previous) <= tolerance * Math.max(last, previous);
}
