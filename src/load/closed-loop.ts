import { performance } from 'node:perf_hooks';
import type { LoadArm } from '../report/model.ts';
import type { LoadClient } from './client.ts';
import { pause } from './pause.ts';
import { asRecord } from './record.ts';
import { meterSelf, type SelfFigures } from './self-meter.ts';
import { watchSilence } from './silence.ts';
import type { RequestRecord, Stopwatch } from './types.ts';

interface Load {
  client: Pick<LoadClient, 'send'>;
  /** Requests in flight, all the time. */
  concurrency: number;
  /** Body of the next request; called once per request, in the order of sending. */
  nextBody: () => Buffer;
  arm: LoadArm;
  block: number;
  signal?: AbortSignal;
  clock?: Stopwatch;
}

export interface BlockOptions extends Load {
  /** How long new requests are sent. */
  durationMs: number;
  /** The slots start evenly over this time, so that a block does not open with a burst. Default 0. */
  rampMs?: number;
  /**
   * What becomes of requests in flight when the time is over; the same in both arms. `finish` (default) lets them end,
   * which the window's weights and the per-pod conservation check need. `cancel` breaks them off.
   */
  atEnd?: 'finish' | 'cancel';
  /**
   * Time without one valid answer after which the block ends as failing, milliseconds. What is in flight then counts as
   * timed out. Without it, requests end by the deadline of the client alone.
   */
  silentMs?: number;
}

export interface BlockRun {
  arm: LoadArm;
  block: number;
  concurrency: number;
  /** Monotonic milliseconds: first send, last moment of sending, last response. */
  startMs: number;
  stopMs: number;
  drainedMs: number;
  /** In the order of their ends. */
  records: RequestRecord[];
  /** The client itself while load was on. Of several: the busiest loop, the longest stall, the sum of CPU time. */
  self: SelfFigures;
  /** Load clients that the block was split over; absent where it was this process. Its single requests are not known. */
  shards?: number;
  /** `failing`: nothing but errors came back, so the block was cut short. */
  ended: 'complete' | 'aborted' | 'failing';
}

/** Pause of a slot after an error: a refused connection answers in microseconds and would spin. */
const ERROR_PAUSE_MS = 100;

/**
 * Keeps `concurrency` requests in flight for `durationMs`: every slot sends the next request as soon as it has its
 * answer. Never rejects for a failing server; the records tell.
 */
export async function runBlock(options: BlockOptions): Promise<BlockRun> {
  const clock = options.clock ?? performance;
  const { concurrency, signal } = options;
  const rampMs = options.rampMs ?? 0;
  const cut = new AbortController();
  const breakOff = () => cut.abort();
  if (signal?.aborted) breakOff();
  signal?.addEventListener('abort', breakOff, { once: true });
  const records: RequestRecord[] = [];
  let failing = false;
  let errorsInARow = 0;
  const tooManyErrors = Math.max(20, 2 * concurrency);

  const own = meterSelf();
  const startMs = clock.now();
  const stopMs = startMs + options.durationMs;
  const cutTimer = options.atEnd === 'cancel' ? setTimeout(breakOff, options.durationMs) : undefined;
  const silence = watchSilence(options.silentMs, () => {
    failing = true;
    breakOff();
  });
  let self: SelfFigures | null = null;
  const meter = setTimeout(() => {
    self = own.read();
  }, options.durationMs);

  const slot = async (index: number) => {
    if (rampMs > 0 && index > 0) await pause((rampMs * index) / concurrency, cut.signal);
    let freeMs = clock.now();
    while (clock.now() < stopMs && !failing && !cut.signal.aborted) {
      const record = asRecord(await options.client.send(options.nextBody(), cut.signal), options, freeMs);
      records.push(record);
      freeMs = record.endMs;
      silence.take(record);
      if (record.valid) errorsInARow = 0;
      else if (++errorsInARow >= tooManyErrors) failing = true;
      if (!record.valid) {
        await pause(Math.min(ERROR_PAUSE_MS, stopMs - clock.now()), cut.signal);
        freeMs = clock.now();
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: concurrency }, (_, index) => slot(index)));
  } finally {
    clearTimeout(cutTimer);
    silence.stop();
    clearTimeout(meter);
    self ??= own.read();
    own.stop();
    signal?.removeEventListener('abort', breakOff);
  }
  const drainedMs = clock.now();
  return {
    arm: options.arm,
    block: options.block,
    concurrency,
    startMs,
    stopMs: Math.min(stopMs, drainedMs),
    drainedMs,
    records,
    self,
    ended: signal?.aborted ? 'aborted' : failing ? 'failing' : 'complete',
  };
}

export interface FixedOptions extends Load {
  /** Requests in total. */
  requests: number;
}

export interface FixedRun {
  records: RequestRecord[];
  completed: number;
  /** From the first send to the last response, ramp and tail included, as a runbook's stopwatch would have it. */
  seconds: number;
}

/** Errors in a row after which a fixed number of requests is not sent to its end. */
const MOST_FIXED_ERRORS = 3;

/**
 * Sends a fixed number of requests, at most `concurrency` at a time. Ends early after a request that took as long as the
 * client's deadline, and after three other errors in a row. For runbook figures, not for the verdict.
 */
export async function runFixed(options: FixedOptions): Promise<FixedRun> {
  const clock = options.clock ?? performance;
  const records: RequestRecord[] = [];
  let left = options.requests;
  let errorsInARow = 0;
  const startMs = clock.now();
  const slot = async () => {
    while (left > 0 && errorsInARow < MOST_FIXED_ERRORS && !options.signal?.aborted) {
      left--;
      const intendedMs = clock.now();
      const record = asRecord(await options.client.send(options.nextBody(), options.signal), options, intendedMs);
      records.push(record);
      errorsInARow = record.valid ? 0 : errorsInARow + (record.errorKind === 'timeout' ? MOST_FIXED_ERRORS : 1);
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.concurrency, options.requests) }, slot));
  return {
    records,
    completed: records.filter((record) => record.valid).length,
    seconds: (clock.now() - startMs) / 1_000,
  };
}
