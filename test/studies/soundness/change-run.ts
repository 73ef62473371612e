import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { replaceBetween } from '../../../scripts/docs/tables.ts';
import { CHANGE_DAYS, type ChangeRow, ROUGH_DAYS } from './change-study.ts';
import { CHANGE_COLUMNS, changeRowLine, tableLine } from './table.ts';
import { rowsOf } from './threads.ts';
import type { ChangeTask } from './worker.ts';

/**
 * `npm run test:soundness:change`: the rule of a change on simulated stacks whose true ratio is known. Ends with 1 when a
 * limit does not hold.
 */
const { values } = parseArgs({
  options: {
    // Of equal stacks, in each row; a fifth as many of others.
    runs: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    // Puts the table into docs/method.md.
    write: { type: 'boolean', default: false },
  },
});
const runs = Number(values.runs);
const seed = Number(values.seed);
if (!(Number.isInteger(runs) && runs > 0 && Number.isInteger(seed))) {
  throw new Error('--runs is a whole number from 1, and --seed a whole number');
}

const IN_TIME_SECONDS = 480.001;
const LIMITS: { what: string; concerns: (row: ChangeRow) => boolean; holds: (row: ChangeRow) => boolean }[] = [
  {
    what: 'of equal stacks at most 1 % regressed',
    concerns: ({ day, effect }) => effect === 0 && day in CHANGE_DAYS,
    holds: ({ regressed }) => regressed <= 0.01,
  },
  {
    what: 'a loss of 3 % found in 95 % within eight minutes of load',
    concerns: ({ day, effect }) => effect === -0.03 && day in CHANGE_DAYS,
    holds: ({ regressed, mostSeconds }) => regressed >= 0.95 && mostSeconds <= IN_TIME_SECONDS,
  },
];
const lines: string[] = [];
const say = (text: string) => {
  lines.push(text);
  process.stdout.write(`${text}\n`);
};
const tasks: ChangeTask[] = Object.keys({ ...CHANGE_DAYS, ...ROUGH_DAYS }).flatMap((day) => [
  // What happens once in a hundred runs must be counted oftener to be known as well.
  { day, effect: 0, allowed: [0, 0.03], runs, seed },
  { day, effect: -0.03, allowed: [0], runs: Math.ceil(runs / 5), seed },
  { day, effect: -0.3, allowed: [0.03], runs: Math.ceil(runs / 5), seed },
]);
say(tableLine(CHANGE_COLUMNS));
say(tableLine(CHANGE_COLUMNS.map(() => '---')));
const broken: string[] = [];
for await (const rows of rowsOf<ChangeRow[]>(tasks)) {
  for (const row of rows) {
    say(changeRowLine(row));
    for (const { what, concerns, holds } of LIMITS) {
      if (concerns(row) && !holds(row)) broken.push(`${row.day}, ${row.effect}: ${what}`);
    }
  }
}
for (const text of broken) process.stdout.write(`DOES NOT HOLD: ${text}\n`);
process.exitCode = broken.length > 0 ? 1 : 0;
if (values.write) {
  const path = resolve(import.meta.dirname, '../../../docs/method.md');
  const page = await readFile(path, 'utf8');
  await writeFile(path, replaceBetween(page, 'soundness-change', lines.join('\n'), 'docs/method.md'));
}
