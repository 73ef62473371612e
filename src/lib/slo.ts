import { besideLimits, decimal, upTo } from './number.ts';

/** `ms`: milliseconds. `share`: 0..1, written as a percentage. `usd`: US dollars. */
export type SloUnit = 'ms' | 'req/s' | 'share' | 'usd';

/** What a limit needs to be measured. `tokens`: the latency step, with at least two output tokens. */
type Needs = 'latency' | 'tokens' | 'goodput';

export interface SloKind {
  unit: SloUnit;
  /** `upper`: the figure must stay below the limit. `lower`: it must exceed the limit. */
  side: 'upper' | 'lower';
  needs?: Needs;
}

const latency = { unit: 'ms', side: 'upper', needs: 'latency' } as const;
const tokens = { unit: 'ms', side: 'upper', needs: 'tokens' } as const;

/** Every figure that the input `slo` can limit, in the order of the documentation. */
export const SLO = {
  'ttft-p50': latency,
  'ttft-p95': latency,
  'ttft-p99': latency,
  'tpot-p50': tokens,
  'tpot-p95': tokens,
  'tpot-p99': tokens,
  'itl-p50': tokens,
  'itl-p95': tokens,
  'itl-p99': tokens,
  'e2e-p50': latency,
  'e2e-p95': latency,
  'e2e-p99': latency,
  throughput: { unit: 'req/s', side: 'lower' },
  goodput: { unit: 'req/s', side: 'lower', needs: 'goodput' },
  'success-rate': { unit: 'share', side: 'lower' },
  'hit-rate': { unit: 'share', side: 'lower' },
  'cost-per-million-tokens': { unit: 'usd', side: 'upper' },
} as const satisfies Readonly<Record<string, SloKind>>;

export type SloName = keyof typeof SLO;
export type SloRelation = '<' | '<=' | '>' | '>=';

/** One limit as it was set: milliseconds, requests per second, a share (0..1) or US dollars. */
export interface SloLimit {
  name: SloName;
  relation: SloRelation;
  limit: number;
}

/** The kind of a figure. */
export function sloKind(name: SloName): SloKind {
  return SLO[name];
}

/** The latency and the share of a percentile: `ttft-p95` is `ttft` and 0.95. Null for any other figure. */
export function sloPercentile(name: SloName): { measure: 'ttft' | 'tpot' | 'itl' | 'e2e'; p: number } | null {
  const match = /^(ttft|tpot|itl|e2e)-p(\d\d)$/.exec(name);
  return match ? { measure: match[1] as 'ttft' | 'tpot' | 'itl' | 'e2e', p: Number(match[2]) / 100 } : null;
}

/** Whether a value keeps a limit. `<` and `>` are strict. */
export function keeps(value: number, { relation, limit }: Pick<SloLimit, 'relation' | 'limit'>): boolean {
  switch (relation) {
    case '<':
      return value < limit;
    case '<=':
      return value <= limit;
    case '>':
      return value > limit;
    case '>=':
      return value >= limit;
  }
}

/** A limit as a person reads it: `500 ms`, `20,000 ms`, `300 req/s`, `99.9%`, `$2`. */
export function limitText(unit: SloUnit, limit: number): string {
  const own = scaled(unit, limit);
  const places = upTo(own, 6).split('.')[1]?.length ?? 0;
  return withUnit(unit, decimal(own, places));
}

/** `612 ms (580–655)`, `771 ms (at least 702)`: a value with its bounds. */
export function boundedText(
  unit: SloUnit,
  { value, low, high }: { value: number; low: number | null; high: number | null },
  limit: number,
): string {
  const known = [value, low, high].filter((each) => each !== null);
  const format = numbersBeside(unit, known, limit);
  const shown = withUnit(unit, format(value));
  if (low === null && high === null) return shown;
  if (high === null) return `${shown} (at least ${format(low ?? value)})`;
  return low === null ? `${shown} (at most ${format(high)})` : `${shown} (${format(low)}–${format(high)})`;
}

function numbersBeside(unit: SloUnit, values: readonly number[], limit: number): (value: number) => string {
  const own = values.map((value) => scaled(unit, value));
  const places = { ms: own.every((value) => value >= 9.95) ? 0 : 1, 'req/s': 1, share: 1, usd: 2 }[unit];
  const format = besideLimits(own, [scaled(unit, limit)], places);
  return (value) => format(scaled(unit, value));
}

const scaled = (unit: SloUnit, value: number) => (unit === 'share' ? 100 * value : value);

function withUnit(unit: SloUnit, text: string): string {
  if (unit === 'usd') return `$${text}`;
  return unit === 'share' ? `${text}%` : `${text}\u00a0${unit}`;
}
