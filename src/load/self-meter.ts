import { performance } from 'node:perf_hooks';

/** What a stretch of load cost the client itself, and whether the machine let it run. */
export interface SelfFigures {
  /** Share of the event loop that was busy, 0..1. */
  eventLoopUtilization: number;
  /** Milliseconds in which the process did not run although it wanted to: a timer came so much too late. */
  stalledMs: number;
  /** CPU time, user and system, of all threads. */
  cpuMs: number;
}

const TICK_MS = 10;
/** Garbage collection and a full event loop do this; a starved process does far more. */
const USUAL_LAG_MS = 10;

/**
 * Measures the load generator while it loads: `read` gives the figures since the start, `stop` ends it. A process that
 * the machine stops sends late and stamps late, so its own times cannot show it; a timer that comes too late does.
 */
export function meterSelf(): { read(): SelfFigures; stop(): void } {
  const loop = performance.eventLoopUtilization();
  const cpu = process.cpuUsage();
  let last = performance.now();
  let stalledMs = 0;
  const tick = setInterval(() => {
    const now = performance.now();
    const late = now - last - TICK_MS;
    if (late > USUAL_LAG_MS) stalledMs += late;
    last = now;
  }, TICK_MS);
  return {
    read() {
      const { user, system } = process.cpuUsage(cpu);
      return {
        eventLoopUtilization: performance.eventLoopUtilization(loop).utilization,
        stalledMs,
        cpuMs: (user + system) / 1_000,
      };
    },
    stop: () => clearInterval(tick),
  };
}
