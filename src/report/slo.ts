import { boundedText, limitText, sloKind, sloPercentile } from '../lib/slo.ts';
import { count } from './format.ts';
import type { LimitOutcome, LimitResult, Report } from './model.ts';

/** The outcome of a limit, in words. */
export const LIMIT_WORDS: Readonly<Record<LimitOutcome, string>> = {
  met: '✅\u00a0met',
  missed: '❌\u00a0**missed**',
  inconclusive: '⚠️\u00a0undecided',
  'not-measured': '⚠️\u00a0not\u00a0measured',
};

/** The worst outcome of all limits; null where none was set. */
export function worstLimit({ slo }: Pick<Report, 'slo'>): LimitOutcome | null {
  if (!slo) return null;
  const order: readonly LimitOutcome[] = ['missed', 'inconclusive', 'not-measured'];
  return order.find((outcome) => slo.limits.some((limit) => limit.outcome === outcome)) ?? 'met';
}

/** `612 ms (580–655)`; null where nothing was measured. */
export function measuredText({ unit, value, low, high, limit }: LimitResult): string | null {
  return value === null ? null : boundedText(unit, { value, low, high }, limit);
}

/** `< 500 ms`, `≤ 40 ms` */
export function wantedText({ relation, limit, unit }: LimitResult): string {
  return `${relation.replace('<=', '≤').replace('>=', '≥')} ${limitText(unit, limit)}`;
}

/**
 * `4 of 5 met; ttft-p95 612 ms (580–655) above 500 ms; latency at 10.1 req/s in an open loop`: null where no limit was set.
 * Plain text. `most`: limits that are not met and are listed one by one.
 */
export function limitsLine({ slo }: Pick<Report, 'slo'>, most = MOST_SHOWN): string | null {
  if (!slo) return null;
  const { limits } = slo;
  const met = limits.filter(({ outcome }) => outcome === 'met').length;
  const others = (['missed', 'inconclusive', 'not-measured'] as const).flatMap((outcome) =>
    limits.filter((limit) => limit.outcome === outcome),
  );
  const shown = others.slice(0, most).map(shortText);
  const more = others.length > most ? [`${count(others.length - most, 'more', 'more')} not met`] : [];
  const latency = limits.find(({ name, load }) => sloPercentile(name) !== null && load !== null);
  const at = latency ? [`latency at ${latency.load}`] : [];
  return [`${met} of ${limits.length} met`, ...shown, ...more, ...at].join('; ');
}

const MOST_SHOWN = 3;

function shortText(result: LimitResult): string {
  const { name, outcome, unit, limit, needed } = result;
  const seen = measuredText(result);
  const of = limitText(unit, limit);
  const shown = `${name} ${seen ?? ''}`.trim();
  if (outcome === 'not-measured') return `${name} not measured`;
  if (outcome === 'missed') return `${shown} ${sloKind(name).side === 'upper' ? 'above' : 'below'} ${of}`;
  const more = needed === null ? '' : `, needs at least ${count(needed, 'more', 'more')} samples`;
  return `${shown} undecided against ${of}${more}`;
}

/** What would decide the limits that are undecided; null where nothing is known to. */
export function sloAdvice({ slo, benchmark }: Pick<Report, 'slo' | 'benchmark'>): string | null {
  // Without a value more samples are not what is missing.
  const open =
    slo?.limits.filter(({ outcome, value, needed }) => outcome === 'inconclusive' && (value ?? needed) !== null) ?? [];
  const of = (...names: string[]) => open.filter(({ name }) => names.some((each) => name.startsWith(each)));
  const latency = benchmark?.latency ?? null;
  const shares = of('ttft', 'tpot', 'itl', 'e2e').flatMap(({ needed, samples }) =>
    needed === null || !samples ? [] : [needed / samples],
  );
  const parts = [
    latency && shares.length > 0
      ? `give \`latency-duration\` ${stepSeconds(latency.seconds, Math.max(...shares))}s or more`
      : null,
    of('goodput').length > 0 ? 'give `latency-duration` more time for the search of goodput' : null,
    of('throughput', 'cost', 'success').length > 0
      ? 'allow more or longer pairs (inputs `pairs`, `pair-duration`)'
      : null,
  ].filter((part) => part !== null);
  return parts.length > 0 ? `${parts.join('; ')}, or set another limit.` : null;
}

/** Time of the latency step with a share of further samples, and a tenth more, since arrivals are random. */
function stepSeconds(seconds: number, share: number): number {
  return Math.ceil(1.1 * seconds * (1 + share));
}
