import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { replaceBetween } from '../../../scripts/docs/tables.ts';
import { ALL_DAYS, DAYS, type Row, SPEEDUPS } from './study.ts';
import { COLUMNS, rowLine, tableLine } from './table.ts';
import { rowsOf } from './threads.ts';
import type { ScalingTask } from './worker.ts';

/**
 * `npm run test:soundness`: the decision code of the gate on simulated response streams whose true speedup is known,
 * against a minimum of 2.5, and the runbook's method on the same systems. Ends with 1 when a limit does not hold.
 */
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '2000' },
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

const LIMITS: { speedup: number; what: string; holds: (row: Row) => boolean }[] = [
  { speedup: 2.3, what: 'false pass at most 0.5 %', holds: ({ pass }) => pass <= 0.005 },
  { speedup: 2.5, what: 'false pass at most 5.5 %', holds: ({ pass }) => pass <= 0.055 },
  {
    speedup: 2.8,
    what: 'pass within eight minutes of load at least 99 %',
    // The third block is load beyond the plan, and a slow way is what a pass is refused for.
    holds: ({ day, passInTime }) => passInTime >= 0.99 || !(day in DAYS),
  },
];

const lines: string[] = [];
const say = (text: string) => {
  lines.push(text);
  process.stdout.write(`${text}\n`);
};

process.stdout.write(
  `${runs} runs for each row and ${5 * runs} at 2.5, seed ${seed}; pass means that the lower limit exceeds 2.5\n\n`,
);
say(tableLine(COLUMNS));
say(tableLine(COLUMNS.map(() => '---')));
const broken: string[] = [];
const tasks: ScalingTask[] = Object.keys(ALL_DAYS).flatMap((day) =>
  // What happens once in twenty runs must be counted oftener to be known as well.
  SPEEDUPS.map((speedup) => ({ day, speedup, runs: speedup === 2.5 ? 5 * runs : runs, seed })),
);
for await (const row of rowsOf<Row>(tasks)) {
  say(rowLine(row.day, row.speedup, row));
  for (const limit of LIMITS) {
    if (limit.speedup === row.speedup && !limit.holds(row)) broken.push(`${row.day}, ${row.speedup}×: ${limit.what}`);
  }
}
process.stdout.write(
  `\nThe runbook's columns: how often its ratio is 2.5 or more. It has no other outcome than pass and fail.\n`,
);
for (const text of broken) process.stdout.write(`DOES NOT HOLD: ${text}\n`);
process.exitCode = broken.length > 0 ? 1 : 0;
if (values.write) {
  const path = resolve(import.meta.dirname, '../../../docs/method.md');
  const page = await readFile(path, 'utf8');
  await writeFile(path, replaceBetween(page, 'soundness', lines.join('\n'), 'docs/method.md'));
}
