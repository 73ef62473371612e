import { parseArgs } from 'node:util';
import { casesOf, play, sample } from './cases.ts';
import { DISASTERS, hasGcloud, playDisaster } from './disasters.ts';
import { keepCasesOf, playKeep } from './keep-cases.ts';
import { DEEDS, playDeed } from './others.ts';
import { randomPlayer } from './random/play.ts';
import { playSignal, signalCases } from './random/signals.ts';
import { playWhole, wholeCasesOf } from './whole-cases.ts';
import { startWholeWorld } from './whole-world.ts';
import { startWorld } from './world.ts';

/**
 * `npm run test:faults`: all parts, or what the flags choose; prints what was survived and what was not. `--part lease`
 * is in one process and meets every request of lease and release; `whole` is the built action, met at each kind of
 * request; `others` is what somebody else does beside a run; after each of the `disasters` gcloud and kubectl show what
 * is left; `random` is the built action under several disturbances at once, of which `--seed` and `--only` repeat one run;
 * `signals` sends each signal to a rehearsal or its process group.
 */
const { values } = parseArgs({
  options: {
    part: { type: 'string' },
    case: { type: 'string' },
    // Cases whose name has this text in it.
    match: { type: 'string' },
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
    // Of the random part: how many runs, from which index on, or the one with this index.
    runs: { type: 'string', default: '400' },
    from: { type: 'string', default: '0' },
    only: { type: 'string' },
    // Of the signals part: how many moments of a rehearsal each signal is sent at.
    moments: { type: 'string', default: '2' },
    // Kinds of disturbances that the random part leaves out, separated by commas.
    without: { type: 'string', default: '' },
    // Prints the plan and the logs of each run that fails.
    verbose: { type: 'boolean', default: false },
    jobs: { type: 'string', default: '2' },
  },
});
// A Google client that cannot initialise rejects twice, the second time unhandled.
process.on('unhandledRejection', () => {});

interface Total {
  cases: number;
  swept: number;
  /** Their request did not come, so that they say nothing of the fault. */
  unmet: number;
  failed: string[];
}

function choose<T extends { name: string }>(all: readonly T[]): T[] {
  if (values.case) return all.filter(({ name }) => name === values.case);
  const { match = '' } = values;
  const some = all.filter(({ name }) => name.includes(match));
  return values.sample ? sample(some, Number(values.sample), Number(values.seed)) : some;
}

/** Plays the cases, each worker with a world of its own. */
async function playAll<W extends { close(): Promise<void> }, C extends { name: string }>(
  part: string,
  workers: number,
  start: () => Promise<W>,
  list: (world: W) => Promise<C[]>,
  playOne: (world: W, one: C) => Promise<{ broken: string[]; by: string; met?: boolean }>,
): Promise<Total> {
  const first = await start();
  const chosen = choose(await list(first));
  const total: Total = { cases: chosen.length, swept: 0, unmet: 0, failed: [] };
  const queue = chosen.entries();
  const work = async (world: W) => {
    for (const [index, one] of queue) {
      const { broken, by, met = true } = await playOne(world, one);
      if (!met) total.unmet += 1;
      if (by === 'sweeper') total.swept += 1;
      if (broken.length > 0) {
        total.failed.push(one.name);
        process.stdout.write(`FAILED ${one.name}: ${broken.join('; ')}\n`);
      }
      if ((index + 1) % 50 === 0) process.stdout.write(`${part}: ${index + 1} of ${chosen.length} cases\n`);
    }
    await world.close();
  };
  const others = Array.from({ length: Math.min(workers, chosen.length) - 1 }, async () => work(await start()));
  await Promise.all([work(first), ...others]);
  return total;
}

const jobs = Number(values.jobs);
/** Of cases that each start a world of their own. */
const none = async () => ({ close: async () => {} });

/** Runs under random disturbances; each worker has labs of its own. */
async function playRandomly(): Promise<Total> {
  const [seed, from] = [Number(values.seed), Number(values.from)];
  const indices = values.only
    ? [Number(values.only)]
    : Array.from({ length: Number(values.runs) }, (_, nth) => from + nth);
  const total: Total = { cases: indices.length, swept: 0, unmet: 0, failed: [] };
  const queue = indices.values();
  let played = 0;
  const work = async () => {
    const player = randomPlayer(seed, values.without.split(','));
    for (const index of queue) {
      const { broken, isRedLeak, ends, plan, log } = await player.play(index);
      played += 1;
      if (isRedLeak && broken.length === 0) {
        total.swept += 1;
        const kinds = [...plan.main, ...plan.post, ...plan.sweep].map((one) =>
          'how' in one ? `${one.kind} ${one.how}` : one.kind,
        );
        process.stdout.write(
          `LEFT --seed ${seed} --only ${index} (${ends.join(', ')}): ${kinds.join(', ')}, state ${plan.state}\n`,
        );
      }
      if (broken.length > 0) {
        total.failed.push(String(index));
        process.stdout.write(`FAILED --seed ${seed} --only ${index} (${ends.join(', ')}): ${broken.join('; ')}\n`);
        if (values.verbose) process.stdout.write(`${JSON.stringify(plan, null, 2)}\n${log}\n`);
      }
      if (played % 10 === 0) process.stdout.write(`random: ${played} of ${indices.length} runs\n`);
    }
    await player.close();
  };
  await Promise.all(Array.from({ length: Math.min(jobs, indices.length) }, work));
  return total;
}

const parts: Record<string, () => Promise<Total>> = {
  // One process is one processor's worth: more worlds in it would only wait for each other.
  lease: () => playAll('lease', 1, startWorld, casesOf, play),
  whole: () => playAll('whole', jobs, () => startWholeWorld(), wholeCasesOf, playWhole),
  random: playRandomly,
  signals: () => {
    const cases = signalCases(Number(values.seed), Number(values.moments));
    return playAll(
      'signals',
      jobs,
      none,
      async () => cases,
      (_none, one) => playSignal(one),
    );
  },
  keep: () => playAll('keep', jobs, () => startWholeWorld(), keepCasesOf, playKeep),
  // A clock that is off is that of this process: one at a time.
  others: () =>
    playAll(
      'others',
      1,
      none,
      async () => [...DEEDS],
      (_none, one) => playDeed(one),
    ),
  disasters: () =>
    playAll(
      'disasters',
      jobs,
      none,
      async () => [...DISASTERS],
      (_none, one) => playDisaster(one),
    ),
};
if (!hasGcloud) {
  process.stdout.write('NOT RUN: the disasters that gcloud and kubectl look at: they are not on PATH.\n');
  delete parts.disasters;
}
const names = values.part ? [values.part] : Object.keys(parts);
let cases = 0;
let failures = 0;
for (const name of names) {
  const part = parts[name];
  if (!part) throw new Error(`--part is ${Object.keys(parts).join(' or ')}, not ${name}`);
  const { cases: count, swept, unmet, failed } = await part();
  cases += count;
  failures += failed.length;
  const survived = count - failed.length;
  const how =
    name === 'random'
      ? `${swept} with nodes left, and red with the command`
      : `${swept} by the sweeper; ${unmet} did not meet their request`;
  process.stdout.write(`${name}: ${count} cases: ${survived} survived (${how}), ${failed.length} failed\n`);
}
process.stdout.write(`${cases} cases: ${cases - failures} survived, ${failures} failed\n`);
process.exit(failures > 0 || cases === 0 ? 1 : 0);
