import { parseArgs } from 'node:util';
import { DAYS, type Row, SPEEDUPS, study } from './study.ts';

/**
 * `npm run test:soundness`: the decision code of the gate on simulated response streams whose true speed-up is known,
 * against a minimum of 2.5, and the runbook's method on the same systems. Ends with 1 when a limit does not hold.
 */
const { values } = parseArgs({
  options: { runs: { type: 'string', default: '2000' }, seed: { type: 'string', default: '1' } },
});
const runs = Number(values.runs);
const seed = Number(values.seed);
if (!(Number.isInteger(runs) && runs > 0 && Number.isInteger(seed))) {
  throw new Error('--runs is a whole number from 1, and --seed a whole number');
}

const LIMITS: { speedup: number; what: string; holds: (row: Row) => boolean }[] = [
  { speedup: 2.3, what: 'false pass at most 0.5 %', holds: ({ pass }) => pass <= 0.005 },
  { speedup: 2.5, what: 'false pass at most 6 %', holds: ({ pass }) => pass <= 0.06 },
  {
    speedup: 2.8,
    what: 'pass at least 99 %',
    holds: ({ pass }) => pass >= 0.99,
  },
];

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
const line = (cells: (string | number)[]) => process.stdout.write(`| ${cells.join(' | ')} |\n`);

process.stdout.write(
  `${runs} runs for each row and ${5 * runs} at 2.5, seed ${seed}; pass means that the lower limit exceeds 2.5\n\n`,
);
line(['day', 'true', 'pass', 'fail', 'inconclusive', 'invalid', 'mean s', 'runbook: parallel', 'recorded', 'summary']);
line(Array.from({ length: 10 }, () => '---'));
const broken: string[] = [];
for (const day of Object.keys(DAYS)) {
  for (const speedup of SPEEDUPS) {
    // What happens once in twenty runs must be counted oftener to be known as well.
    const row = study(day, speedup, speedup === 2.5 ? 5 * runs : runs, seed);
    const { parallel, recorded, summary } = row.runbook;
    line([
      ...[day, `${speedup}×`, percent(row.pass), percent(row.fail), percent(row.inconclusive), percent(row.invalid)],
      ...[row.meanSeconds.toFixed(0), percent(parallel), percent(recorded), percent(summary)],
    ]);
    for (const limit of LIMITS) {
      if (limit.speedup === speedup && !limit.holds(row)) broken.push(`${day}, ${speedup}×: ${limit.what}`);
    }
  }
}
process.stdout.write(
  `\nThe runbook's columns: how often its ratio is 2.5 or more. It has no other outcome than pass and fail.\n`,
);
for (const text of broken) process.stdout.write(`DOES NOT HOLD: ${text}\n`);
process.exitCode = broken.length > 0 ? 1 : 0;
