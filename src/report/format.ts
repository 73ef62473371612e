import { clock, humanDuration } from '../lib/duration.ts';
import { besideLimits, decimal, LOCALE } from '../lib/number.ts';
import { isoMinute } from '../lib/timestamp.ts';
import type { Percentiles } from './model.ts';

const NBSP = '\u00a0';

export const NOT_MEASURED = 'not measured';

export function integer(value: number): string {
  return decimal(value, 0);
}

/** Made once: that takes much longer than to use it. */
let plainFormat: Intl.NumberFormat | undefined;

/** A limit as it was set: `2.5`, `2.75`, without trailing zeros. */
export function plain(value: number): string {
  plainFormat ??= new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 6 });
  return plainFormat.format(value);
}

/** A target range as it was set: `2.5–2.8×`. */
export function targetRange(low: number, high: number): string {
  return `${plain(low)}–${plain(high)}×`;
}

/** `2.68×` */
export function ratio(value: number, digits = 2): string {
  return `${decimal(value, digits)}×`;
}

/** `2.61–2.75` */
export function range(low: number, high: number, digits = 2): string {
  return `${decimal(low, digits)}–${decimal(high, digits)}`;
}

/** Share 0..1 as a percentage; less than all never prints as 100%, more than nothing never as 0%. */
export function percent(share: number, digits = 0): string {
  const format = besideLimits([share * 100], [0, 100], digits);
  return `${format(share * 100)}%`;
}

/** Three significant figures: `7.46 req/s`, `20.1 req/s`, `143 req/s`. */
export function requestsPerSecond(value: number): string {
  return `${significant(value)}${NBSP}req/s`;
}

export function tokensPerSecond(value: number): string {
  return `${significant(value)}${NBSP}tokens/s`;
}

/** Three significant figures for rates. */
export function significant(value: number): string {
  const size = Math.abs(value);
  return decimal(value, size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2);
}

/** Milliseconds, whole from 10 on: `486`, `1,012`, `3.4`. */
export function milliseconds(value: number): string {
  return decimal(value, Math.abs(value) >= 9.95 ? 0 : 1);
}

/** `486 / 612 / 734 ms` */
export function percentiles(latency: Pick<Percentiles, 'p50' | 'p95' | 'p99'>): string {
  const parts = [latency.p50, latency.p95, latency.p99].map(({ value }) => milliseconds(value)).join(`${NBSP}/${NBSP}`);
  return `${parts}${NBSP}ms`;
}

/** `$6.31`, `$217`; less than a cent has words of its own. */
export function usd(value: number): string {
  if (value > 0 && value < 0.005) return `<${NBSP}$0.01`;
  return `$${decimal(value, value >= 99.995 ? 0 : 2)}`;
}

/** `296 chip-minutes`; a tenth is shown below ten. */
export function chipMinutes(value: number): string {
  return `${decimal(value, value > 0 && value < 9.95 ? 1 : 0)}${NBSP}chip-minutes`;
}

/** A duration in prose with an unbreakable space: `34 min`. */
export function duration(ms: number): string {
  return humanDuration(ms).replaceAll(' ', NBSP);
}

/** `4:20`, or a dash when unknown. */
export function elapsed(ms: number | null): string {
  return ms === null ? '–' : clock(ms);
}

/** `2026-11-22 14:41 UTC`, from ISO 8601; the text itself when it is no date. */
export function utcMinute(iso: string): string {
  const time = Date.parse(iso);
  return Number.isNaN(time) ? iso : `${isoMinute(new Date(time).toISOString())} UTC`;
}

/** `2026-11-22`, from ISO 8601; the text itself when it is no date. */
export function day(iso: string): string {
  const time = Date.parse(iso);
  return Number.isNaN(time) ? iso : new Date(time).toISOString().slice(0, 10);
}

/** `3 nodes`, `1 node`. */
export function count(n: number, singular: string, plural = `${singular}s`): string {
  return `${integer(n)}${NBSP}${n === 1 ? singular : plural}`;
}
