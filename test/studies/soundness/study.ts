import { createRandom, type Random } from '../../../lab/serving/random.ts';
import { answerEvidence } from '../../../src/load/answers.ts';
import { type BlockWay, type PairPlan, type PairTimings, pairAt, pairTimings } from '../../../src/load/pairs.ts';
import { armEvidence, type MeasuredBlock, measureBlock, toPair } from '../../../src/load/summary.ts';
import type { ArmName, BenchmarkPair } from '../../../src/report/model.ts';
import {
  DEFAULT_DECISION,
  type DecisionPlan,
  type Look,
  lookAt,
  lowerLook,
  wholeRounds,
} from '../../../src/verdict/decide.ts';
import { judgePlausibility } from '../../../src/verdict/plausibility.ts';
import { RUNBOOK } from '../../../src/verdict/runbook.ts';
import { type Machine, playBlock, playFixed, type System, startMachine } from './queue.ts';

/** Fits the runbook's two recorded rates: 1 ÷ 0.529 s = 1.89/s and 4 ÷ 0.529 s = 7.56/s. */
const REPLICA = { replicas: 3, slots: 4, serviceSeconds: 0.529, driftSeconds: 60 } as const;
const EVEN = {
  ...REPLICA,
  ...{ tailShare: 0, tailFactor: 1, shockMemory: 0, speeds: [], second: 0, cold: 0, coldSeconds: 1, slowWay: 0 },
} as const;
const USUAL = { ...EVEN, serviceCv: 0.35, drift: 0.03, shock: 0.02 } as const;

/** What a day may do to a measurement; amounts after the field's reports of 1 to 8 %. */
export const DAYS: Record<string, Omit<System, 'speedup'>> = {
  calm: { ...EVEN, serviceCv: 0.2, drift: 0.03, shock: 0.01 },
  usual: USUAL,
  rough: { ...EVEN, serviceCv: 0.5, drift: 0.05, shock: 0.03 },
  'heavy tails': { ...USUAL, tailShare: 0.01, tailFactor: 8 },
  'a slow replica': { ...USUAL, speeds: [0.85] },
  'a fast replica': { ...USUAL, speeds: [1, 1.12] },
  'all unequal': { ...USUAL, speeds: [0.9, 1, 1.1] },
  'order effects': { ...USUAL, second: 0.03 },
  'AR(1) noise': { ...USUAL, shock: 0.03, shockMemory: 0.7 },
  'cold caches': { ...USUAL, cold: 0.5, coldSeconds: 1.2 },
};

/** The ways of the single replicas are slower than the service's, and a third block of each pair measures that. */
const UNSHARED: Record<string, Omit<System, 'speedup'>> = {
  'picker unshared': USUAL,
  'a slow way': { ...USUAL, slowWay: 0.22 },
};
export const ALL_DAYS: Record<string, Omit<System, 'speedup'>> = { ...DAYS, ...UNSHARED };

export const SPEEDUPS = [2.3, 2.5, 2.65, 2.8, 3] as const;

const PLAN: DecisionPlan = wholeRounds({ ...DEFAULT_DECISION, minSpeedup: 2.5 }, REPLICA.replicas);
const PAIR_MS = 32_000;
const CONCURRENCY = 10;
const EXPECTED_SPEEDUP = 2.65;

export interface Ended {
  verdict: 'pass' | 'fail' | 'inconclusive' | 'invalid';
  vetoes: string[];
  /** Of load in the pairs; warm-up and draining not included. */
  seconds: number;
}

/** One run of the gate's own decision code on a simulated system: load plan, windows, looks, vetoes. */
export function judgeRun(system: System, draw: Random, direct = false): Ended {
  const machine = startMachine(system, draw);
  const medianLatencyMs = (1_000 * system.serviceSeconds * CONCURRENCY) / system.slots;
  const timings = pairTimings({ pairMs: PAIR_MS, expectedSpeedup: EXPECTED_SPEEDUP, medianLatencyMs });
  const blocks: Record<ArmName, MeasuredBlock[]> = { one: [], all: [] };
  const ratios: { all: number[]; direct: number[] } = { all: [], direct: [] };
  const baselines: number[] = [];
  const seed = String(draw());
  let look: Look = { estimate: null, decision: 'continue' };
  let loadMs = 0;
  for (let index = 0; look.decision === 'continue'; index += 1) {
    const plan = pairAt(index, {
      ...{ timings, concurrencyPerReplica: CONCURRENCY, replicas: system.replicas, seed, direct },
    });
    loadMs += plan.blocks.reduce((sum, { durationMs }) => sum + durationMs, 0);
    const pair = measurePair(machine, plan, timings, blocks);
    baselines.push(plan.replica);
    ratios.all.push(pair.ratio);
    if (pair.directRequestsPerSecond) ratios.direct.push(pair.directRequestsPerSecond / pair.oneRequestsPerSecond);
    const byPicker = lookAt(ratios.all, PLAN, baselines);
    look = direct ? lowerLook([byPicker, lookAt(ratios.direct, PLAN, baselines)]).look : byPicker;
  }
  const { vetoes } = judgePlausibility({
    replicas: system.replicas,
    speedup: look.estimate?.value ?? null,
    arms: { one: armEvidence(blocks.one), all: armEvidence(blocks.all) },
    pickerMarked: false,
    answers: answerEvidence(blocks, 0),
    pickerShared: false,
    blocks: [],
    client: { eventLoopUtilization: 0, sendLagP99Ms: 0, stalledShare: 0, cpuMsPerRequest: 0 },
  });
  const decided = look.decision === 'pass' || look.decision === 'fail' ? look.decision : 'inconclusive';
  return {
    verdict: vetoes.length > 0 ? 'invalid' : decided,
    vetoes: vetoes.map(({ id }) => id),
    seconds: loadMs / 1_000,
  };
}

function measurePair(
  machine: Machine,
  plan: PairPlan,
  timings: PairTimings,
  blocks: Record<ArmName, MeasuredBlock[]>,
): BenchmarkPair {
  const measured: Partial<Record<BlockWay, MeasuredBlock>> = {};
  for (const [place, block] of plan.blocks.entries()) {
    const one = measureBlock(playBlock(machine, block, timings.rampMs, place > 0), timings.trimMs);
    measured[block.way] = one;
    if (block.way !== 'direct') blocks[block.arm].push(one);
  }
  const pair = toPair(plan, measured as Record<BlockWay, MeasuredBlock>, []);
  if (!pair) throw new Error('an arm completed nothing');
  return pair;
}

/** What the runbook says of the same system. */
export interface RunbookSays {
  /** Its 100 requests at 10 in flight, over the same of one replica in the same run. */
  parallel: boolean;
  /** Over its recorded constant of 7.5 requests per second. */
  recorded: boolean;
  /** The line that it calls serial: parallel throughput over the recorded serial rate. */
  summary: boolean;
}

/** Whether each of the runbook's ratios is 2.5 or more. */
export function askRunbook(system: System, draw: Random): RunbookSays {
  const machine = startMachine(system, draw);
  const { requests, concurrency, recordedOneReplica } = RUNBOOK.parallel;
  const one = playFixed(machine, 'one', requests, concurrency);
  const all = playFixed(machine, 'all', requests, concurrency);
  return {
    parallel: all / one >= PLAN.minSpeedup,
    recorded: all / recordedOneReplica >= PLAN.minSpeedup,
    summary: all / RUNBOOK.serial.recordedOneReplica >= PLAN.minSpeedup,
  };
}

export interface Row {
  day: string;
  speedup: number;
  runs: number;
  /** Shares of the runs, 0..1. */
  pass: number;
  fail: number;
  inconclusive: number;
  invalid: number;
  /** Share that passed within eight minutes of load. */
  passInTime: number;
  meanSeconds: number;
  /** Shares in which the runbook's ratios say 2.5 or more. */
  runbook: Record<keyof RunbookSays, number>;
}

/** What the runbook says is far from every limit, so that fewer runs show it. */
const RUNBOOK_RUNS = 500;
/** Eight minutes, and the rounding of the lengths of blocks. */
const IN_TIME_SECONDS = 480.001;

/** Many runs of one system. The seed makes it repeatable. */
export function study(day: string, speedup: number, runs: number, seed: number): Row {
  const system: System = { ...ALL_DAYS[day]!, speedup };
  const runsOfRunbook = Math.min(runs, RUNBOOK_RUNS);
  const counts = { pass: 0, fail: 0, inconclusive: 0, invalid: 0 };
  const runbook = { parallel: 0, recorded: 0, summary: 0 };
  let [seconds, inTime] = [0, 0];
  for (let run = 0; run < runs; run += 1) {
    const ended = judgeRun(system, createRandom(seed + 7_919 * run), day in UNSHARED);
    counts[ended.verdict] += 1;
    seconds += ended.seconds;
    if (ended.verdict === 'pass' && ended.seconds <= IN_TIME_SECONDS) inTime += 1;
    if (run >= runsOfRunbook) continue;
    const says = askRunbook(system, createRandom(seed + 104_729 * run + 1));
    for (const key of ['parallel', 'recorded', 'summary'] as const) runbook[key] += says[key] ? 1 : 0;
  }
  const share = (count: number) => count / runs;
  return {
    day,
    speedup,
    runs,
    pass: share(counts.pass),
    fail: share(counts.fail),
    inconclusive: share(counts.inconclusive),
    invalid: share(counts.invalid),
    passInTime: share(inTime),
    meanSeconds: seconds / runs,
    runbook: {
      parallel: runbook.parallel / runsOfRunbook,
      recorded: runbook.recorded / runsOfRunbook,
      summary: runbook.summary / runsOfRunbook,
    },
  };
}
