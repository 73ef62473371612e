import { parseDuration } from '../../lib/duration.ts';
import { SLO, type SloKind, type SloLimit, type SloName, type SloRelation, type SloUnit } from '../../lib/slo.ts';
import { nearest } from '../../lib/suggest.ts';
import type { Parser, Reading } from '../row.ts';
import { shorten } from '../shorten.ts';

const ITEM = /^([A-Za-z][\w-]*)\s*(<=|>=|<|>)?\s*(.*)$/;
const NAMES = Object.keys(SLO) as readonly SloName[];
const KINDS: Readonly<Record<SloName, SloKind>> = SLO;
const LONGEST_MS = 10 * 60_000;
const LARGEST = 1e6;

/**
 * The limits of the input `slo`: names, an optional relation and a value, separated by commas or lines. Notes every mistake
 * as a sentence. Empty for an empty text.
 */
export const slo: Parser<readonly SloLimit[]> = (reading, name) => {
  const items = reading
    .text(name)
    .split(/[,\n\r]+/)
    .map((item) => item.trim())
    .filter((item) => item !== '');
  const limits: SloLimit[] = [];
  const named = new Set<SloName>();
  for (const item of items) {
    const say = (sentence: string) => reading.problem(`Input "${name}": ${sentence}`);
    const [, given = '', relation, value = ''] = ITEM.exec(item) ?? [];
    if (given === '') {
      say(`"${shorten(item)}" is not a limit; write one such as ttft-p95<500ms.`);
      continue;
    }
    const known = NAMES.find((each) => each === given.toLowerCase());
    if (known === undefined) {
      say(unknown(given));
      continue;
    }
    if (named.has(known)) say(`"${known}" has more than one limit; give one.`);
    named.add(known);
    const limit = limitOf(known, relation as SloRelation | undefined, value, { item, say });
    if (limit) limits.push(limit);
  }
  checkMeasured(reading, name, [...named]);
  return limits;
};

function unknown(given: string): string {
  const family = /^(ttft|tpot|itl|e2e)-p\d+$/i.exec(given)?.[1]?.toLowerCase();
  if (family) return `"${shorten(given)}" is not measured; "${family}" has p50, p95 and p99.`;
  const near = nearest(given.toLowerCase().replaceAll('_', '-'), NAMES);
  return `"${shorten(given)}" is not known; ${near ? `did you mean "${near}"?` : `known are ${NAMES.join(', ')}.`}`;
}

function limitOf(
  name: SloName,
  given: SloRelation | undefined,
  value: string,
  { item, say }: { item: string; say: (sentence: string) => void },
): SloLimit | null {
  const { unit, side } = KINDS[name];
  const usual = side === 'upper' ? '<' : '>';
  const relation = given ?? usual;
  if (!relation.startsWith(usual)) {
    const isWrong = side === 'upper' ? 'must stay below its limit' : 'must exceed its limit';
    say(`"${shorten(item)}" has the wrong direction: "${name}" ${isWrong}, so write ${usual}.`);
  }
  const limit = VALUES[unit].read(value);
  if (limit !== null) return { name, relation, limit };
  say(`"${shorten(item)}" has a wrong value: "${name}" takes ${VALUES[unit].takes}.`);
  return null;
}

const amount = (text: string | undefined) => (text === undefined ? Number.NaN : Number(text));

/** How the value of each unit is written. */
const VALUES: Readonly<Record<SloUnit, { takes: string; read(text: string): number | null }>> = {
  ms: {
    takes: 'a duration of at most 10m with its unit, such as 500ms or 2s',
    read(text) {
      const ms = parseDuration(text);
      return ms !== undefined && ms > 0 && ms <= LONGEST_MS ? ms : null;
    },
  },
  'req/s': {
    takes: 'requests per second, such as 30 or 30 req/s',
    read(text) {
      const rate = amount(/^(\d+(?:\.\d+)?)(?:\s*req\/s)?$/.exec(text)?.[1]);
      return rate > 0 && rate <= LARGEST ? rate : null;
    },
  },
  share: {
    takes: 'a percentage above 0% and below 100%, such as 99.9%',
    read(text) {
      const percent = amount(/^(\d+(?:\.\d+)?)\s*%$/.exec(text)?.[1]);
      // 99.9 ÷ 100 is 0.9990000000000001.
      return percent > 0 && percent < 100 ? Number((percent / 100).toFixed(12)) : null;
    },
  },
  usd: {
    takes: 'US dollars with their sign, such as $2 or $0.80',
    read(text) {
      const dollars = amount(/^\$\s*(\d+(?:\.\d+)?)$/.exec(text)?.[1]);
      return dollars > 0 && dollars <= LARGEST ? dollars : null;
    },
  },
};

/** A limit on what the other inputs turn off could never be judged. */
function checkMeasured({ text, problem }: Reading, name: string, limits: readonly SloName[]): void {
  const needing = (...needs: SloKind['needs'][]) => limits.filter((each) => needs.includes(KINDS[each].needs));
  const refuse = (names: readonly SloName[], why: string) => {
    if (names.length > 0) problem(`Input "${name}" limits ${names.map((each) => `"${each}"`).join(', ')}, ${why}.`);
  };
  if (parseDuration(text('latency-duration')) === 0) {
    refuse(needing('latency', 'tokens', 'goodput'), 'which "latency-duration: 0s" leaves unmeasured');
  } else if (text('goodput-slo') === 'off') {
    refuse(needing('goodput'), 'which "goodput-slo: off" leaves unmeasured');
  }
  if (Number(text('max-tokens')) === 1) {
    refuse(needing('tokens'), 'which answers of one token do not have; give "max-tokens" 2 or more');
  }
}
