import { lognormal, normal, type Random } from '../../../lab/serving/random.ts';
import type { BlockRun } from '../../../src/load/closed-loop.ts';
import type { BlockLoad, BlockPlan, BlockWay } from '../../../src/load/pairs.ts';
import type { RequestRecord } from '../../../src/load/types.ts';
import type { ArmName, LoadArm } from '../../../src/report/model.ts';

/** A system whose true speedup is known, because it is made so. */
export interface System {
  replicas: number;
  /** Throughput of all replicas over that of one, at equal load per replica. */
  speedup: number;
  /** Requests that one replica works on at once; the rest wait in its queue. */
  slots: number;
  /** Mean seconds of one request in a slot. */
  serviceSeconds: number;
  /** Coefficient of variation of the service time, log-normal. */
  serviceCv: number;
  /** Share of the requests that take `tailFactor` times as long. */
  tailShare: number;
  tailFactor: number;
  /** Stationary deviation of a slow drift of all service times (Ornstein–Uhlenbeck on the logarithm). */
  drift: number;
  driftSeconds: number;
  /** Deviation of a change that comes with each block and stays for it. */
  shock: number;
  /** Correlation of that change with the one of the block before, AR(1). */
  shockMemory: number;
  /** Speed of each replica, 1 for the others; `speedup` is over their arithmetic mean. */
  speeds: readonly number[];
  /** By how much everything is slower in the second place of a pair. */
  second: number;
  /** By how much a request is slower right after a block has begun, with caches gone cold, and how fast that fades. */
  cold: number;
  coldSeconds: number;
  /** By how much a request is slower on the way to a single replica; only measured where there is a third block. */
  slowWay: number;
}

/** The machine of one run: its clock goes on from block to block, and its drift with it. */
export interface Machine {
  nowMs: number;
  system: System;
  draw: Random;
  driftNow: number;
  /** What the drift of this moment makes of a time: its exponential. */
  driftFactor: number;
  driftAtMs: number;
  shockNow: number;
}

export function startMachine(system: System, draw: Random): Machine {
  const driftNow = system.drift * normal(draw);
  return { nowMs: 0, system, draw, driftNow, driftFactor: Math.exp(driftNow), driftAtMs: 0, shockNow: 0 };
}

/** The drift changes so often. */
export const DRIFT_STEP_MS = 500;

function driftFactor(machine: Machine, atMs: number): number {
  const { system, draw } = machine;
  if (system.drift === 0) return 1;
  if (machine.driftAtMs + DRIFT_STEP_MS <= atMs) {
    const keep = Math.exp(-DRIFT_STEP_MS / 1_000 / system.driftSeconds);
    const step = system.drift * Math.sqrt(1 - keep * keep);
    while (machine.driftAtMs + DRIFT_STEP_MS <= atMs) {
      machine.driftNow = machine.driftNow * keep + step * normal(draw);
      machine.driftAtMs += DRIFT_STEP_MS;
    }
    machine.driftFactor = Math.exp(machine.driftNow);
  }
  return machine.driftFactor;
}

interface Load {
  arm: LoadArm;
  way: BlockWay;
  replica: number | null;
  /** Whether it is not the first of its pair. */
  later: boolean;
  block: number;
  concurrency: number;
  durationMs: number;
  rampMs: number;
  /** Throughput of what is loaded, beside that of the system; 1 unless given. */
  speed?: number;
  /** Requests in total; the load ends with the last of them. */
  requests?: number;
}

/** One block of a plan on the machine, as the load generator would have recorded it. */
export function playBlock(machine: Machine, plan: BlockPlan, rampMs: number, later: boolean): BlockRun {
  return play(machine, { ...plan, rampMs, later });
}

/** One block of a comparison of two stacks, each on one replica that is as fast as given. */
export function playStack(
  machine: Machine,
  block: BlockLoad,
  rampMs: number,
  how: { later: boolean; speed: number },
): BlockRun {
  return play(machine, { ...block, ...how, rampMs, way: 'one', replica: 0 });
}

/** The runbook's way: so many requests, at most `concurrency` at a time; answers per second from first to last. */
export function playFixed(machine: Machine, arm: ArmName, requests: number, concurrency: number): number {
  const run = play(machine, {
    ...{ arm, way: arm, replica: arm === 'one' ? 0 : null, later: false },
    ...{ block: -1, concurrency, durationMs: Number.POSITIVE_INFINITY, rampMs: 0, requests },
  });
  return run.records.length / ((run.drainedMs - run.startMs) / 1_000);
}

/** The end of a request in service, or the start of a client that has not begun: of no replica. */
interface Event {
  atMs: number;
  replica: number;
  sentMs: number;
}

/** Puts an event into a binary heap, the earliest first. */
function insert(heap: Event[], event: Event): void {
  let at = heap.length;
  while (at > 0) {
    const above = (at - 1) >> 1;
    if (heap[above]!.atMs <= event.atMs) break;
    heap[at] = heap[above]!;
    at = above;
  }
  heap[at] = event;
}

/** Takes the earliest event out of a heap that has one. */
function takeEarliest(heap: Event[]): Event {
  const earliest = heap[0]!;
  const last = heap.pop()!;
  if (heap.length === 0) return earliest;
  let at = 0;
  for (;;) {
    let below = 2 * at + 1;
    if (below >= heap.length) break;
    if (below + 1 < heap.length && heap[below + 1]!.atMs < heap[below]!.atMs) below += 1;
    if (heap[below]!.atMs >= last.atMs) break;
    heap[at] = heap[below]!;
    at = below;
  }
  heap[at] = last;
  return earliest;
}

/**
 * A closed loop over FIFO queues with `slots` servers each: each client sends again as soon as it has its answer, to the
 * replica with the least in flight. Events are handled in the order of their times.
 */
function play(machine: Machine, load: Load): BlockRun {
  const { system, draw } = machine;
  const startMs = machine.nowMs;
  const replicas = load.arm === 'all' ? system.replicas : 1;
  // Less than perfect scaling: each of several busy replicas is slower than one alone.
  const slowed = (load.arm === 'all' ? system.replicas / system.speedup : 1) / (load.speed ?? 1);
  const memory = system.shockMemory;
  machine.shockNow = memory * machine.shockNow + Math.sqrt(1 - memory ** 2) * system.shock * normal(draw);
  const place = load.later ? 1 + system.second : 1;
  const way = load.way === 'all' ? 1 : 1 + system.slowWay;
  const blockFactor = Math.exp(machine.shockNow) * place * way * slowed;
  const speedOf = (replica: number) => system.speeds[load.replica ?? replica] ?? 1;
  const drawBody = lognormal(system.serviceCv);
  const tailMean = 1 + system.tailShare * (system.tailFactor - 1);
  const serviceMs = (atMs: number, replica: number) => {
    const tail = system.tailShare > 0 && draw() < system.tailShare ? system.tailFactor : 1;
    const body = drawBody(draw);
    const cold = system.cold > 0 ? 1 + system.cold * Math.exp((startMs - atMs) / 1_000 / system.coldSeconds) : 1;
    const mean = (1_000 * system.serviceSeconds * blockFactor * driftFactor(machine, atMs)) / speedOf(replica);
    return (mean * body * tail * cold) / tailMean;
  };

  const stopMs = startMs + load.durationMs;
  const records: RequestRecord[] = [];
  let toSend = load.requests ?? Number.POSITIVE_INFINITY;
  const busy = Array.from({ length: replicas }, () => 0);
  const queues: number[][] = Array.from({ length: replicas }, () => []);
  const events: Event[] = [];
  for (let client = 0; client < load.concurrency; client += 1) {
    insert(events, { atMs: startMs + (load.rampMs * client) / load.concurrency, replica: -1, sentMs: 0 });
  }

  const begin = (replica: number, sentMs: number, atMs: number) => {
    busy[replica]! += 1;
    insert(events, { atMs: atMs + serviceMs(atMs, replica), replica, sentMs });
  };
  const send = (atMs: number) => {
    if (atMs >= stopMs || toSend <= 0) return;
    toSend -= 1;
    let best = 0;
    for (let replica = 1; replica < replicas; replica += 1) {
      if (busy[replica]! + queues[replica]!.length < busy[best]! + queues[best]!.length) best = replica;
    }
    if (busy[best]! < system.slots) begin(best, atMs, atMs);
    else queues[best]!.push(atMs);
  };

  let nowMs = startMs;
  while (events.length > 0) {
    const { atMs, replica, sentMs } = takeEarliest(events);
    nowMs = atMs;
    if (replica >= 0) {
      records.push(record(load, sentMs, atMs));
      busy[replica]! -= 1;
      const waiting = queues[replica]!.shift();
      if (waiting !== undefined) begin(replica, waiting, atMs);
    }
    send(atMs);
  }
  machine.nowMs = nowMs;
  return {
    arm: load.arm,
    block: load.block,
    concurrency: load.concurrency,
    startMs,
    stopMs: Math.min(stopMs, nowMs),
    drainedMs: nowMs,
    records,
    self: { eventLoopUtilization: 0, stalledMs: 0, cpuMs: 0 },
    ended: 'complete',
  };
}

const TOKENS = 128;

/** A request of a block with a valid answer. */
export function record(load: Pick<Load, 'arm' | 'block'>, sentMs: number, endMs: number): RequestRecord {
  return {
    arm: load.arm,
    block: load.block,
    intendedMs: sentMs,
    sentMs,
    firstByteMs: endMs,
    firstTokenMs: null,
    lastTokenMs: null,
    endMs,
    status: 200,
    valid: true,
    errorKind: null,
    errorText: null,
    promptTokens: TOKENS,
    completionTokens: TOKENS,
    cachedTokens: null,
    bodyBytes: 4 * TOKENS,
    textChars: 200,
    pickerHeader: null,
  };
}
