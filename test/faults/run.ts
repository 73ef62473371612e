import { parseArgs } from 'node:util';
import { casesOf, play, sample } from './cases.ts';
import { startWorld } from './world.ts';

/** `npm run test:faults`: all cases, or those that the flags choose; prints what was survived and what was not. */
const { values } = parseArgs({
  options: { case: { type: 'string' }, sample: { type: 'string' }, seed: { type: 'string', default: '1' } },
});
// A Google client that cannot initialise rejects twice, the second time unhandled.
process.on('unhandledRejection', () => {});
const world = await startWorld();
const all = await casesOf(world);
const chosen = values.case
  ? all.filter(({ name }) => name === values.case)
  : values.sample
    ? sample(all, Number(values.sample), Number(values.seed))
    : all;
let swept = 0;
const failed: string[] = [];
for (const [index, one] of chosen.entries()) {
  const { broken, by } = await play(world, one);
  if (by === 'sweeper') swept += 1;
  if (broken.length > 0) {
    failed.push(one.name);
    process.stdout.write(`FAILED ${one.name}: ${broken.join('; ')}\n`);
  }
  if ((index + 1) % 50 === 0) process.stdout.write(`${index + 1} of ${chosen.length} cases\n`);
}
await world.close();
process.stdout.write(
  `${chosen.length} cases: ${chosen.length - failed.length} survived (${swept} by the sweeper), ${failed.length} failed\n`,
);
process.exit(failed.length > 0 || chosen.length === 0 ? 1 : 0);
