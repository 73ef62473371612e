import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { FAULTS } from './faults.ts';
import { judge, type Outcome } from './judge.ts';
import { play } from './play.ts';
import { confusionTable, faultsTable, summary, waitsTable } from './tables.ts';

/**
 * `npm run test:diagnosis [-- NAME… --keep FOLDER --parallel N]`: the whole gate against each fault of the lab. Shows what
 * cause was named for each, what the comment shows of it, whose remedy it has, and how long each hopeless wait went on.
 * Ends with 1 when a cause is wrong, when a fault outside of the table is explained by anything, when a remedy belongs to
 * another cause, when the comment lacks the line that decides, or when a wait does not end as the gate promises.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { keep: { type: 'string' }, parallel: { type: 'string' } },
});
const unknown = positionals.filter((wanted) => !FAULTS.some(({ name }) => name === wanted));
if (unknown.length > 0) {
  throw new Error(`no fault is named ${unknown.join(', ')}; allowed: ${FAULTS.map(({ name }) => name).join(', ')}`);
}
const queue = FAULTS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const root = values.keep ?? mkdtempSync(join(tmpdir(), 'diagnosis-'));
const began = performance.now();
const outcomes = new Map<string, Outcome>();
const workers = Number(values.parallel ?? Math.min(4, availableParallelism()));
await Promise.all(
  Array.from({ length: Math.max(1, workers) }, async () => {
    for (let fault = queue.shift(); fault; fault = queue.shift()) {
      const folder = join(root, fault.name);
      mkdirSync(folder, { recursive: true });
      const outcome = judge(fault, await play(fault, folder));
      outcomes.set(fault.name, outcome);
      const right = outcome.problems.length === 0 ? 'right' : outcome.problems.map(({ text }) => text).join('; ');
      process.stderr.write(`${fault.name} (${outcome.seconds.toFixed(0)} s): ${right}\n`);
    }
  }),
);
if (!values.keep) rmSync(root, { recursive: true, force: true });

const sorted = FAULTS.flatMap(({ name }) => outcomes.get(name) ?? []);
const wallSeconds = (performance.now() - began) / 1_000;
const parts = [faultsTable(sorted), waitsTable(sorted), confusionTable(sorted), summary(sorted, wallSeconds)];
process.stdout.write(parts.join('\n'));
process.exitCode = sorted.some(({ problems }) => problems.length > 0) ? 1 : 0;
