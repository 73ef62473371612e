import { createRandom, type Random } from '../../../lab/serving/random.ts';
import { answerEvidence } from '../../../src/load/answers.ts';
import { type PairTimings, pairAt, pairTimings } from '../../../src/load/pairs.ts';
import { type MeasuredBlock, measureBlock, summarizeArm, toPair } from '../../../src/load/summary.ts';
import type { ArmName } from '../../../src/report/model.ts';
import { DEFAULT_DECISION, type DecisionPlan, type Look, lookAt } from '../../../src/verdict/decide.ts';
import { judgePlausibility } from '../../../src/verdict/plausibility.ts';
import { RUNBOOK } from '../../../src/verdict/runbook.ts';
import { type Machine, playBlock, playFixed, type System, startMachine } from './queue.ts';

/** Fits the runbook's two recorded rates: 1 ÷ 0.529 s = 1.89/s and 4 ÷ 0.529 s = 7.56/s. */
const REPLICA = { replicas: 3, slots: 4, serviceSeconds: 0.529, driftSeconds: 60 } as const;
const NO_TAIL = { tailShare: 0, tailFactor: 1 } as const;

/** What a day may do to a measurement; amounts after the field's reports of 1 to 8 %. */
export const DAYS: Record<string, Omit<System, 'speedup'>> = {
  calm: { ...REPLICA, ...NO_TAIL, serviceCv: 0.2, drift: 0.03, shock: 0.01 },
  usual: { ...REPLICA, ...NO_TAIL, serviceCv: 0.35, drift: 0.03, shock: 0.02 },
  rough: { ...REPLICA, ...NO_TAIL, serviceCv: 0.5, drift: 0.05, shock: 0.03 },
  'heavy tails': { ...REPLICA, serviceCv: 0.35, tailShare: 0.01, tailFactor: 8, drift: 0.03, shock: 0.02 },
};

export const SPEEDUPS = [2.3, 2.5, 2.65, 2.8, 3] as const;

const PLAN: DecisionPlan = { ...DEFAULT_DECISION, minSpeedup: 2.5 };
const PAIR_MS = 32_000;
const CONCURRENCY = 10;
const EXPECTED_SPEEDUP = 2.65;

export interface Ended {
  verdict: 'pass' | 'fail' | 'inconclusive' | 'invalid';
  vetoes: string[];
  /** Of measuring, warm-up not included. */
  seconds: number;
}

/** One run of the gate's own decision code on a simulated system: load plan, windows, looks, vetoes. */
export function judgeRun(system: System, draw: Random): Ended {
  const machine = startMachine(system, draw);
  const medianLatencyMs = (1_000 * system.serviceSeconds * CONCURRENCY) / system.slots;
  const timings = pairTimings({ pairMs: PAIR_MS, expectedSpeedup: EXPECTED_SPEEDUP, medianLatencyMs });
  const blocks: Record<ArmName, MeasuredBlock[]> = { one: [], all: [] };
  const ratios: number[] = [];
  let look: Look = { estimate: null, decision: 'continue' };
  for (let index = 0; look.decision === 'continue'; index += 1) {
    const pair = measurePair(machine, index, timings, blocks);
    ratios.push(pair);
    look = lookAt(ratios, PLAN);
  }
  const { vetoes } = judgePlausibility({
    replicas: system.replicas,
    speedup: look.estimate?.value ?? null,
    arms: { one: summarizeArm(blocks.one).evidence, all: summarizeArm(blocks.all).evidence },
    pickerMarked: false,
    answers: answerEvidence(blocks, 0),
    blocks: [],
    client: { eventLoopUtilization: 0, sendLagP99Ms: 0, stalledShare: 0, cpuMsPerRequest: 0 },
  });
  const decided = look.decision === 'pass' || look.decision === 'fail' ? look.decision : 'inconclusive';
  return {
    verdict: vetoes.length > 0 ? 'invalid' : decided,
    vetoes: vetoes.map(({ id }) => id),
    seconds: machine.nowMs / 1_000,
  };
}

function measurePair(
  machine: Machine,
  index: number,
  timings: PairTimings,
  blocks: Record<ArmName, MeasuredBlock[]>,
): number {
  const { replicas } = machine.system;
  const plan = pairAt(index, { timings, concurrencyPerReplica: CONCURRENCY, replicas });
  const measured: Partial<Record<ArmName, MeasuredBlock>> = {};
  for (const block of plan.blocks) {
    const one = measureBlock(playBlock(machine, block, timings.rampMs), timings.trimMs);
    measured[block.arm] = one;
    blocks[block.arm].push(one);
  }
  const pair = toPair(plan, measured as Record<ArmName, MeasuredBlock>, []);
  if (!pair) throw new Error('an arm completed nothing');
  return pair.ratio;
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
  meanSeconds: number;
  /** Shares in which the runbook's ratios say 2.5 or more. */
  runbook: Record<keyof RunbookSays, number>;
}

/** Many runs of one system. The seed makes it repeatable. */
export function study(day: string, speedup: number, runs: number, seed: number): Row {
  const system: System = { ...DAYS[day]!, speedup };
  const counts = { pass: 0, fail: 0, inconclusive: 0, invalid: 0 };
  const runbook = { parallel: 0, recorded: 0, summary: 0 };
  let seconds = 0;
  for (let run = 0; run < runs; run += 1) {
    const ended = judgeRun(system, createRandom(seed + 7_919 * run));
    counts[ended.verdict] += 1;
    seconds += ended.seconds;
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
    meanSeconds: seconds / runs,
    runbook: {
      parallel: share(runbook.parallel),
      recorded: share(runbook.recorded),
      summary: share(runbook.summary),
    },
  };
}
