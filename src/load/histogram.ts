import { build, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js';

/** Microseconds: three digits from 1 µs to ten minutes. */
const HIGHEST_US = 600_000_000;

export interface LatencyHistogram {
  /** Milliseconds. Throws RangeError for a value that it cannot hold: dropping it would make the tail look better. */
  add(ms: number): void;
  count(): number;
  /** Milliseconds at a share 0..1; null when empty. */
  at(share: number): number | null;
  /** Milliseconds; 0 when empty. */
  mean(): number;
  /** HdrHistogram V2, compressed, base64: of microseconds; anybody can merge it with others. */
  encoded(): string;
}

/** A histogram that keeps every latency to 0.1 %, in a fixed room: HdrHistogram (Gil Tene), by hdr-histogram-js. */
export function createHistogram(): LatencyHistogram {
  const histogram: Histogram = build({
    highestTrackableValue: HIGHEST_US,
    numberOfSignificantValueDigits: 3,
    // The WebAssembly build is a third faster and needs a file beside the bundle.
    useWebAssembly: false,
  });
  return {
    add(ms) {
      const us = Math.max(1, Math.round(1_000 * ms));
      if (!(us <= HIGHEST_US)) throw new RangeError(`${ms} ms is more than a latency histogram holds`);
      histogram.recordValue(us);
    },
    count: () => histogram.totalCount,
    at: (share) => (histogram.totalCount === 0 ? null : histogram.getValueAtPercentile(100 * share) / 1_000),
    mean: () => histogram.mean / 1_000,
    encoded: () => encodeIntoCompressedBase64(histogram),
  };
}
