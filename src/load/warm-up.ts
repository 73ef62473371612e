import { medianOf, type SourceResult } from './source.ts';

export interface WarmUp {
  /** Valid requests per second, bin by bin. */
  bins: number[];
  settled: boolean;
  /** Median latency of the last bin, for the pair timings; null when nothing valid came back. */
  medianLatencyMs: number | null;
}

/**
 * Loads one arm, at its own concurrency, until two bins in a row agree: one request would warm neither the larger batch
 * shapes that XLA compiles on first use nor the other replicas. `runBin` runs one bin of load. Ends unsettled after
 * `maxBins`, and early when a bin is aborted, failing or without one valid answer.
 */
export async function warmUp(options: {
  runBin: (index: number) => Promise<SourceResult>;
  maxBins: number;
  /** Largest relative difference of two bins that agree. Default 0.1. */
  tolerance?: number;
}): Promise<WarmUp> {
  const tolerance = options.tolerance ?? 0.1;
  const bins: number[] = [];
  let medianLatencyMs: number | null = null;
  for (let index = 0; index < options.maxBins; index++) {
    const bin = await options.runBin(index);
    bins.push(bin.measured.window.requestsPerSecond);
    medianLatencyMs = medianOf(bin);
    if (agree(bins, tolerance)) return { bins, settled: true, medianLatencyMs };
    // Each further bin would wait for its deadlines for nothing.
    if (bin.measured.run.ended !== 'complete' || medianLatencyMs === null) break;
  }
  return { bins, settled: false, medianLatencyMs };
}

/** Whether the last two of the bins differ by no more than `tolerance` of the larger one; a bin of zero never agrees. */
export function agree(bins: readonly number[], tolerance: number): boolean {
  const [previous, last] = bins.slice(-2);
  if (previous === undefined || last === undefined || previous === 0 || last === 0) return false;
  return Math.abs(last - previous) <= tolerance * Math.max(last, previous);
}
