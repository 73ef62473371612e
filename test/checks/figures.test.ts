import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { rowOf } from '../../src/inputs/spec.ts';
import { MODES } from '../../src/lib/modes.ts';
import { chipHourPrice } from '../../src/tpu/prices.ts';
import { pages } from './fences.ts';
import { root } from './root.ts';

/** What a run holds: three nodes of four chips, for as long as README.md states. */
const [CHIPS, MINUTES] = [12, 40];
/** The same with the base stack on a fourth node. */
const COMPARED = { chips: 16, minutes: 50 };

const workflows = readdirSync(join(root, '.github/workflows')).map((name): [string, string] => {
  const path = `.github/workflows/${name}`;
  return [path, readFileSync(join(root, path), 'utf8')];
});
const TEXTS = [...(await pages()), ...workflows];

/** Every number that a pattern finds in the texts, with the place. */
function stated(pattern: RegExp): { values: Set<string>; places: string[] } {
  const found = TEXTS.flatMap(([name, text]) =>
    [...text.replace(/\s*\n[ #]*/g, ' ').matchAll(pattern)].map(([, ...groups]) => ({
      name,
      value: groups.join(' to '),
    })),
  );
  return { values: new Set(found.map(({ value }) => value)), places: found.map(({ name }) => name) };
}

describe('what a run costs and how long it takes, in README.md, docs/ and the workflows', () => {
  const price =
    chipHourPrice({ family: 'v6e', location: 'europe-west4-a', spot: false, pricePerChipHour: null })?.usd ?? 0;
  const hour = price * CHIPS;
  const [least = 0, most = 0] = MODES.validate.pairs.split('-').map(Number);
  const pairSeconds = Number.parseFloat(rowOf('pair-duration').default ?? '');
  const minutesOf = (pairs: number) => Math.round((pairs * pairSeconds) / 60);

  it.each<[string, RegExp, string]>([
    ['price of a chip-hour', /\$(\d+\.\d+) per chip-hour/g, price.toFixed(2)],
    ['price of an hour', /\$(\d+\.\d+) per hour/g, hour.toFixed(2)],
    ['price of an hour, rounded', /\$(\d+) an hour/g, hour.toFixed(0)],
    ['price of a run', /costs? (?:\*\*)?about \$(\d+)(?!\d| an hour)/g, ((hour * MINUTES) / 60).toFixed(0)],
    ['time of a run', /nodes (?:of four chips )?for about (\d+) minutes/g, String(MINUTES)],
    ['time with a base stack', /about (\d+) minutes, for about/g, String(COMPARED.minutes)],
    ['price with a base stack', /for about \$(\d+)/g, ((price * COMPARED.chips * COMPARED.minutes) / 60).toFixed(0)],
    ['time of the pairs', /(\d+) to (\d+) minutes/g, `${minutesOf(least)} to ${minutesOf(most)}`],
  ])('%s: one figure everywhere', (_, pattern, expected) => {
    const { values, places } = stated(pattern);
    expect([...values], places.join(', ')).toEqual([expected]);
  });
});
