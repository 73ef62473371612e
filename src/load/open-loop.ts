import { performance } from 'node:perf_hooks';
import type { LoadArm } from '../report/model.ts';
import type { LoadClient } from './client.ts';
import { pause } from './pause.ts';
import { createRandom } from './prompts.ts';
import { asRecord } from './record.ts';
import { meterSelf, type SelfFigures } from './self-meter.ts';
import { watchSilence } from './silence.ts';
import type { RequestRecord, Stopwatch } from './types.ts';

export interface OpenLoopOptions {
  client: Pick<LoadClient, 'send'>;
  nextBody: () => Buffer;
  /** Whether requests come at equal distances, or as those of many independent users do. */
  arrivals: 'constant' | 'poisson';
  ratePerSecond: number;
  durationMs: number;
  /** Of the Poisson arrivals. */
  seed: string;
  arm: LoadArm;
  block: number;
  /** Each record as it ends. */
  onRecord?: (record: RequestRecord) => void;
  /** Time without one valid answer after which the run ends, milliseconds. What is in flight then counts as timed out. */
  silentMs?: number;
  signal?: AbortSignal;
  clock?: Stopwatch;
}

export interface OpenLoopRun {
  /** In the order of their ends. */
  records: RequestRecord[];
  startMs: number;
  stopMs: number;
  drainedMs: number;
  /** Most requests in flight at a time: it grows without end when the rate is more than the system can serve. */
  mostInFlight: number;
  /** Whether it ended because nothing was answered any more. */
  silent: boolean;
  self: SelfFigures;
}

/** Moments of arrival in milliseconds from the start, ascending. Pure. */
export function arrivalTimes(
  options: Pick<OpenLoopOptions, 'arrivals' | 'ratePerSecond' | 'durationMs' | 'seed'>,
): number[] {
  const { arrivals, ratePerSecond, durationMs } = options;
  if (!(ratePerSecond > 0 && Number.isFinite(ratePerSecond))) {
    throw new RangeError(`${ratePerSecond} requests per second is not a rate`);
  }
  const random = createRandom(options.seed);
  const gap = 1_000 / ratePerSecond;
  const times: number[] = [];
  // A Poisson process has exponential gaps (inverse transform); 1 − u keeps the logarithm finite.
  const next = () => (arrivals === 'constant' ? gap : -gap * Math.log(1 - random()));
  for (let at = arrivals === 'constant' ? 0 : next(); at < durationMs; at += next()) times.push(at);
  return times;
}

/**
 * Sends each request when its time has come, whatever has become of those before it: a slow system does not slow its
 * users down. Latency counts from the intended moment, so that a late client is seen and no wait is omitted. Never
 * rejects for a failing server.
 */
export async function runOpenLoop(options: OpenLoopOptions): Promise<OpenLoopRun> {
  const clock = options.clock ?? performance;
  const cut = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, cut.signal]) : cut.signal;
  const silence = watchSilence(options.silentMs, () => cut.abort());
  const times = arrivalTimes(options);
  const records: RequestRecord[] = [];
  const own = meterSelf();
  const startMs = clock.now();
  let inFlight = 0;
  let mostInFlight = 0;
  const sendAt = async (intendedMs: number) => {
    inFlight += 1;
    mostInFlight = Math.max(mostInFlight, inFlight);
    const response = await options.client.send(options.nextBody(), signal);
    inFlight -= 1;
    const record = asRecord(response, options, intendedMs);
    silence.take(record);
    records.push(record);
    options.onRecord?.(record);
  };
  const sent: Promise<void>[] = [];
  for (const time of times) {
    const intendedMs = startMs + time;
    // Timers count whole milliseconds and may come up to one too early, which would take it off the latency.
    for (let early = intendedMs - clock.now(); early > 0 && !signal.aborted; early = intendedMs - clock.now()) {
      await pause(Math.ceil(early), signal);
    }
    if (signal.aborted) break;
    sent.push(sendAt(intendedMs));
  }
  const self = own.read();
  own.stop();
  await Promise.all(sent);
  silence.stop();
  const drainedMs = clock.now();
  const stopMs = Math.min(startMs + options.durationMs, drainedMs);
  return { records, startMs, stopMs, drainedMs, mostInFlight, silent: silence.isSilent(), self };
}
