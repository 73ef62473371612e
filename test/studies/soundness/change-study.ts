import { createRandom, normal, type Random } from '../../../lab/serving/random.ts';
import { changePairAt, changeTimings } from '../../../src/load/change-pairs.ts';
import type { ChangePair } from '../../../src/report/model.ts';
import { changePlan } from '../../../src/stages/benchmark/change.ts';
import { type ChangeLook, changeLook } from '../../../src/verdict/change.ts';
import { aloneReplica } from './alone.ts';
import { type System, startMachine } from './queue.ts';

/** A replica at its knee: 32 requests in flight, 60 each second, with answers of one length. */
const REPLICA = { replicas: 3, slots: 32, serviceSeconds: 0.529, driftSeconds: 60, speedup: 3 } as const;
const EVEN = {
  ...REPLICA,
  ...{ tailShare: 0, tailFactor: 1, shockMemory: 0, speeds: [], second: 0, cold: 0, coldSeconds: 1, slowWay: 0 },
} as const;
const USUAL = { ...EVEN, serviceCv: 0.2, drift: 0.03, shock: 0.02 } as const;
const CONCURRENCY = 32;
const PAIR_MS = 32_000;

/** What a day may do to the comparison, and the deviation of the speed of the four nodes. */
export interface ChangeDay {
  system: System;
  nodes: number;
}

/** Days on which a loss of 3 % has to be found as well, and days on which none may be claimed. */
export const CHANGE_DAYS: Readonly<Record<string, ChangeDay>> = {
  calm: { system: { ...USUAL, shock: 0.01 }, nodes: 0 },
  usual: { system: USUAL, nodes: 0 },
  'order effects': { system: { ...USUAL, second: 0.03 }, nodes: 0 },
  'AR(1) noise': { system: { ...USUAL, shock: 0.03, shockMemory: 0.7 }, nodes: 0 },
  'cold caches': { system: { ...USUAL, cold: 0.5, coldSeconds: 1.2 }, nodes: 0 },
  'nodes differ by 0.2 %': { system: USUAL, nodes: 0.002 },
};

export const ROUGH_DAYS: Readonly<Record<string, ChangeDay>> = {
  'strong drift': { system: { ...USUAL, drift: 0.1 }, nodes: 0 },
  rough: { system: { ...USUAL, serviceCv: 0.5, drift: 0.05, shock: 0.03 }, nodes: 0 },
  'heavy tails': { system: { ...USUAL, tailShare: 0.01, tailFactor: 8 }, nodes: 0 },
  'nodes differ by 0.3 %': { system: USUAL, nodes: 0.003 },
  'nodes differ by 1 %': { system: USUAL, nodes: 0.01 },
  'nodes differ by 10 %': { system: USUAL, nodes: 0.1 },
};

export interface ChangeEnded {
  decision: ChangeLook['decision'];
  /** Of load in the pairs. */
  seconds: number;
}

/**
 * One run of the gate's own decision code. `effect` is head over base, less 1. The same pairs are judged against each of
 * `allowed`, the losses of throughput that are allowed; each has its end.
 */
export function judgeChangeRun(
  { system, nodes }: ChangeDay,
  { effect, allowed }: { effect: number; allowed: readonly number[] },
  draw: Random,
): ChangeEnded[] {
  const machine = startMachine(system, draw);
  const medianLatencyMs = 1_000 * system.serviceSeconds;
  const timings = changeTimings({ mostMs: PAIR_MS, medianLatencyMs });
  const pairMs = timings.oneMs + timings.allMs;
  const plans = allowed.map((maxSlowdown) =>
    changePlan(
      { pairs: { min: 6, max: 15 }, maxSlowdown },
      { turns: 3, nodes: { head: 3, base: 1 }, shorter: PAIR_MS / pairMs },
    ),
  );
  const { minPairs = 1, round = 1 } = plans[0] ?? {};
  const speeds = Array.from({ length: 4 }, () => Math.exp(nodes * normal(draw)));
  const seed = String(draw());
  const stack = aloneReplica(draw);
  const pairs: ChangePair[] = [];
  const ends: (ChangeEnded | null)[] = plans.map(() => null);
  while (ends.includes(null)) {
    const index = pairs.length;
    const { order, replica, blocks } = changePairAt(index, { timings, concurrency: CONCURRENCY, replicas: 3, seed });
    const rate = { head: 0, base: 0 };
    for (const [place, block] of blocks.entries()) {
      const speed = block.arm === 'head' ? (1 + effect) * (speeds[replica] as number) : (speeds[3] as number);
      rate[block.arm] = stack.rate(machine, block, timings, { later: place > 0, speed }).requestsPerSecond;
    }
    const [head, base] = [rate.head, rate.base];
    const figures = { headRequestsPerSecond: head, baseRequestsPerSecond: base, ratio: head / base };
    pairs.push({ index, order, replica: String(replica), ...figures });
    // Before the first look, and within a round, the gate decides nothing either.
    if (pairs.length < minPairs || pairs.length % round > 0) continue;
    for (const [place, plan] of plans.entries()) {
      if (ends[place]) continue;
      const { decision } = changeLook(pairs, plan);
      if (decision !== 'continue') ends[place] = { decision, seconds: (pairs.length * pairMs) / 1_000 };
    }
  }
  return ends as ChangeEnded[];
}

export interface ChangeRow {
  day: string;
  effect: number;
  maxSlowdown: number;
  runs: number;
  /** Shares of the runs, 0..1. */
  noWorse: number;
  regressed: number;
  undecided: number;
  meanSeconds: number;
  mostSeconds: number;
}

/** Many runs of one day, a row for each allowed loss. The seed makes them repeatable. */
export function changeStudy(
  day: string,
  { effect, allowed, runs, seed }: { effect: number; allowed: readonly number[]; runs: number; seed: number },
): ChangeRow[] {
  const found = CHANGE_DAYS[day] ?? ROUGH_DAYS[day];
  if (!found) throw new RangeError(`no day ${day}`);
  const ended = Array.from({ length: runs }, (_, run) =>
    judgeChangeRun(found, { effect, allowed }, createRandom(seed + 7_919 * run)),
  );
  return allowed.map((maxSlowdown, place) => {
    const own = ended.map((each) => each[place] as ChangeEnded);
    const share = (decision: ChangeLook['decision']) => own.filter((one) => one.decision === decision).length / runs;
    return {
      ...{ day, effect, maxSlowdown, runs },
      ...{ noWorse: share('no-worse'), regressed: share('regressed'), undecided: share('exhausted') },
      meanSeconds: own.reduce((sum, { seconds }) => sum + seconds, 0) / runs,
      mostSeconds: own.reduce((most, { seconds }) => Math.max(most, seconds), 0),
    };
  });
}
