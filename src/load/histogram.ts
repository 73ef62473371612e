import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram,
  type JsHistogram,
} from 'hdr-histogram-js';

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
  return wrapped(emptyHistogram());
}

function wrapped(histogram: Histogram): LatencyHistogram {
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

function emptyHistogram(): Histogram {
  return build({
    highestTrackableValue: HIGHEST_US,
    numberOfSignificantValueDigits: 3,
    // The WebAssembly build is a third faster and needs a file beside the bundle.
    useWebAssembly: false,
  });
}

/** A histogram of the values, milliseconds, encoded. Throws RangeError for a value that it cannot hold. */
export function encodedHistogram(values: readonly number[]): string {
  const histogram = createHistogram();
  for (const value of values) histogram.add(value);
  return histogram.encoded();
}

/** Encoded histograms together. Throws for text that is not a histogram. */
export function mergedHistogram(encoded: readonly string[]): LatencyHistogram {
  return wrapped(merge(encoded));
}

function merge(encoded: readonly string[]): JsHistogram {
  const merged = emptyHistogram() as JsHistogram;
  for (const each of encoded) merged.add(decodeFromCompressedBase64(each, 32, false) as JsHistogram);
  return merged;
}

/**
 * The values of encoded histograms together, ascending, milliseconds: each as the middle of its bucket, which is within
 * 0.1 % of what was recorded. Throws for text that is not a histogram.
 */
export function mergedValues(encoded: readonly string[]): number[] {
  const merged = merge(encoded);
  const values: number[] = [];
  const recorded = merged.recordedValuesIterator;
  recorded.reset();
  while (recorded.hasNext()) {
    const { valueIteratedTo, countAddedInThisIterationStep } = recorded.next();
    const ms = merged.medianEquivalentValue(valueIteratedTo) / 1_000;
    for (let left = countAddedInThisIterationStep; left > 0; left -= 1) values.push(ms);
  }
  return values;
}
