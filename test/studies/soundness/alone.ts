import type { Random } from '../../../lab/serving/random.ts';
import type { BlockLoad, PairTimings } from '../../../src/load/pairs.ts';
import type { RequestRecord } from '../../../src/load/types.ts';
import { measureWindow, steadyWindow } from '../../../src/load/window.ts';
import { DRIFT_STEP_MS, type Machine, record } from './queue.ts';

/** Requests per second of blocks of load on one replica, each as the gate would have measured it. */
export interface AloneReplica {
  /** One block. `speed` is the throughput of the replica beside that of the system. */
  rate(
    machine: Machine,
    block: BlockLoad,
    timings: PairTimings,
    how: { later: boolean; speed: number },
  ): { requestsPerSecond: number };
}

/**
 * Plays what `playStack` plays, in a fraction of the time. A replica with a slot for each client has no queue, so that the
 * clients wait for one another in nothing: each is played to its end before the next one. The numbers are drawn in another
 * order, from the same distributions.
 */
export function aloneReplica(draw: Random): AloneReplica {
  const normal = normals(draw);
  const pool: RequestRecord[] = [];
  return {
    rate(machine, block, { rampMs, trimMs }, { later, speed }) {
      const { system, nowMs: startMs } = machine;
      const { slots, shock, shockMemory: memory, tailShare, tailFactor, cold, coldSeconds, serviceCv } = system;
      if (block.concurrency > slots) throw new RangeError('clients would wait for a slot');
      machine.shockNow = memory * machine.shockNow + Math.sqrt(1 - memory ** 2) * shock * normal();
      const place = later ? 1 + system.second : 1;
      const factor = (Math.exp(machine.shockNow) * place * (1 + system.slowWay)) / speed / (system.speeds[0] ?? 1);
      const variance = Math.log(1 + serviceCv ** 2);
      const deviation = Math.sqrt(variance);
      const tailMean = 1 + tailShare * (tailFactor - 1);
      const meanMs = (1_000 * system.serviceSeconds * factor * Math.exp(-variance / 2)) / tailMean;
      const stopMs = startMs + block.durationMs;
      const firstStep = Math.floor(startMs / DRIFT_STEP_MS);
      const drift = driftPath(machine, stopMs, normal);
      const records: RequestRecord[] = [];
      let endMs = startMs;
      for (let client = 0; client < block.concurrency; client += 1) {
        let atMs = startMs + (rampMs * client) / block.concurrency;
        while (atMs < stopMs) {
          const tail = tailShare > 0 && draw() < tailShare ? tailFactor : 1;
          const fading = cold > 0 ? 1 + cold * Math.exp((startMs - atMs) / 1_000 / coldSeconds) : 1;
          const drifted = drift[Math.floor(atMs / DRIFT_STEP_MS) - firstStep] ?? 1;
          const sentMs = atMs;
          atMs += meanMs * drifted * Math.exp(deviation * normal()) * tail * fading;
          const used = records.length;
          pool[used] ??= record(block, 0, 0);
          const kept = pool[used] as RequestRecord;
          kept.sentMs = sentMs;
          kept.endMs = atMs;
          records.push(kept);
        }
        endMs = Math.max(endMs, atMs);
      }
      machine.nowMs = endMs;
      return measureWindow(records, steadyWindow({ startMs, stopMs: Math.min(stopMs, endMs) }, trimMs));
    },
  };
}

/** Factors of the service time, one for each step of the drift from that of now to the one at `untilMs`. */
function driftPath(machine: Machine, untilMs: number, normal: () => number): Float64Array {
  const { system, nowMs } = machine;
  const keep = Math.exp(-DRIFT_STEP_MS / 1_000 / system.driftSeconds);
  const push = system.drift * Math.sqrt(1 - keep * keep);
  const advance = () => {
    machine.driftNow = machine.driftNow * keep + push * normal();
    machine.driftAtMs += DRIFT_STEP_MS;
  };
  while (machine.driftAtMs + DRIFT_STEP_MS <= nowMs) advance();
  const factors = new Float64Array(Math.floor(untilMs / DRIFT_STEP_MS) - Math.floor(nowMs / DRIFT_STEP_MS) + 1);
  factors[0] = Math.exp(machine.driftNow);
  for (let step = 1; step < factors.length; step += 1) {
    advance();
    factors[step] = Math.exp(machine.driftNow);
  }
  return factors;
}

/** Standard normal numbers, two from each pair of uniform ones (Marsaglia and Bray, SIAM Review 6, 1964). */
function normals(draw: Random): () => number {
  let spare: number | null = null;
  return () => {
    if (spare !== null) {
      const kept = spare;
      spare = null;
      return kept;
    }
    for (;;) {
      const [x, y] = [2 * draw() - 1, 2 * draw() - 1];
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const scale = Math.sqrt((-2 * Math.log(square)) / square);
      spare = y * scale;
      return x * scale;
    }
  };
}
