import { Ajv } from 'ajv';

/** The schema of https://bencher.dev/bmf.json, and that numbers are finite and nothing else stands beside them. */
const METRIC = {
  type: 'object',
  properties: { value: { type: 'number' }, lower_value: { type: 'number' }, upper_value: { type: 'number' } },
  required: ['value'],
  additionalProperties: false,
};
const VALID = new Ajv().compile({
  type: 'object',
  minProperties: 1,
  additionalProperties: { type: 'object', minProperties: 1, additionalProperties: METRIC },
});

/** One metric, as Bencher stores it. */
export interface StoredMetric {
  benchmark: string;
  measure: string;
  value: number;
  lower: number | null;
  upper: number | null;
}

/**
 * What Bencher's adapter `json` makes of a file: the published schema, and its limits on names (a benchmark 1024 characters, a
 * measure 64). Throws for a file that it refuses.
 */
export function readByBencher(file: string): StoredMetric[] {
  const results: unknown = JSON.parse(file);
  if (!VALID(results)) throw new TypeError(JSON.stringify(VALID.errors));
  const benchmarks = results as Record<
    string,
    Record<string, { value: number; lower_value?: number; upper_value?: number }>
  >;
  return Object.entries(benchmarks).flatMap(([benchmark, measures]) =>
    Object.entries(measures).map(([measure, { value, lower_value: lower = null, upper_value: upper = null }]) => {
      if (benchmark.length > 1024 || measure.length > 64) throw new TypeError(`the name "${measure}" is too long`);
      return { benchmark, measure, value, lower, upper };
    }),
  );
}
