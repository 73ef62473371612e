const UNIT_MS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/**
 * Parses `90s`, `25m`, `1h30m`, `250ms` into milliseconds. A bare number is refused, since its unit is a guess.
 * Returns undefined for anything else.
 */
export function parseDuration(text: string): number | undefined {
  const trimmed = text.trim();
  if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(trimmed)) return undefined;
  let total = 0;
  for (const [, amount, unit = ''] of trimmed.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) {
    total += Number(amount) * (UNIT_MS[unit] ?? Number.NaN);
  }
  return total;
}

/** `250ms`, `90s`, `25m`, `24h`: a duration as an input takes it, in the largest unit that divides it. */
export function durationText(ms: number): string {
  const units = ['h', 'm', 's', 'ms'];
  const unit = ms === 0 ? 's' : (units.find((each) => ms % (UNIT_MS[each] ?? 1) === 0) ?? 'ms');
  return `${ms / (UNIT_MS[unit] ?? 1)}${unit}`;
}

/** `0:41`, `12:34`, `1:02:03`: elapsed time for logs and tables, from milliseconds. */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const s = String(seconds % 60).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${s}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}:${s}`;
}

/** `850 ms`, `41 s`, `34 min`, `1 h 5 min`: a duration in prose, from milliseconds. */
export function humanDuration(ms: number): string {
  if (Math.round(ms) < 1_000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const rest = minutes % 60;
  return rest === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${rest} min`;
}
