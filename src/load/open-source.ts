import type { SloLimit } from '../lib/slo.ts';
import type { LoadArm } from '../report/model.ts';
import { endToEnd, isBuffered, timePerOutputToken, timeToFirstToken } from './definitions.ts';
import { gapCounter, type StreamGaps } from './gaps.ts';
import { sloMeter } from './goodput.ts';
import { createHistogram, type LatencyHistogram } from './histogram.ts';
import { arrivalTimes, type OpenLoopRun, runOpenLoop } from './open-loop.ts';
import type { SelfFigures } from './self-meter.ts';
import { bodiesOf, type Workload } from './source.ts';
import type { RequestRecord } from './types.ts';
import { type WayTarget, wayClient } from './ways.ts';

/** Requests in an open loop with Poisson arrivals. Plain data, so that another process can send them too. */
export interface OpenLoad {
  arm: LoadArm;
  block: number;
  ratePerSecond: number;
  durationMs: number;
  /** Of the arrivals. */
  seed: string;
  /** Keeps the prompts apart from those of all other loads. */
  part: string;
  /** Whether answers come as server-sent events, with times of their tokens. */
  streaming: boolean;
  /** Time without one valid answer after which the load ends, milliseconds. */
  silentMs: number;
  /** Limits of gaps between tokens, which are counted stream by stream. */
  limits: readonly SloLimit[];
  /**
   * The load ends once more than `mostLate` requests failed or took longer than `limitMs`: of several load clients as many as
   * all of them may have together, otherwise those of its own plan. Null runs to its end.
   */
  within: { limitMs: number; mostLate?: number } | null;
}

/** What came of an open loop, as counts and times alone: what several load clients can add up. */
export interface OpenResult {
  /** Monotonic milliseconds of this process: the first moment, the last moment of sending, the last response. */
  startMs: number;
  stopMs: number;
  drainedMs: number;
  /** Requests of the whole load, and those of them whose outcome is known. */
  planned: number;
  requests: number;
  /** Of `requests`: without a valid answer, and of these cut off on purpose. */
  errors: number;
  cancelled: number;
  /** Of `requests`: failed, or took longer than the limit of `within`; 0 without one. */
  late: number;
  /** Of the valid answers: came in one piece. */
  buffered: number;
  /** Of several load clients the sum, so that at most too many. */
  mostInFlight: number;
  /** Nothing was answered any more. */
  silent: boolean;
  /** More requests were late than `within` allows. */
  isLost: boolean;
  /** Of the valid answers, milliseconds; those of tokens of streams alone. */
  e2eMs: readonly number[];
  ttftMs: readonly number[];
  tpotMs: readonly number[];
  gaps: LatencyHistogram;
  streams: readonly StreamGaps[];
  /** From the intended moment of each request to its send, milliseconds. */
  lagsMs: readonly number[];
  self: SelfFigures;
}

/** Where an open loop is sent, and what its requests carry. */
export interface OpenTo {
  /** With one way, or with none for the route of the service. */
  target: WayTarget;
  workload: Workload;
}

/** More would be in flight only in a system that falls behind, and its users would wait for a connection then too. */
const CONNECTIONS = 256;

/** Runs an open loop in this process. Rejects for no failing server. */
export async function runOpenSource(
  load: OpenLoad,
  { target, workload }: OpenTo,
  signal: AbortSignal,
): Promise<OpenResult> {
  const { ratePerSecond, durationMs, seed, arm, block, silentMs, streaming, within } = load;
  const plan = { arrivals: 'poisson' as const, ratePerSecond, durationMs, seed };
  const planned = arrivalTimes(plan).length;
  const gaps = createHistogram();
  const counter = gapCounter(load.limits);
  const meter = within && sloMeter(planned, within.limitMs, within.mostLate);
  const lost = new AbortController();
  const client = wayClient(target, target.ways[0] ?? null, {
    connections: CONNECTIONS,
    expect: { completionTokens: workload.maxTokens },
    ...(streaming ? { streaming, onGap: (ms: number) => gaps.add(ms), gapsOfStream: counter.ofStream } : {}),
  });
  try {
    const run = await runOpenLoop({
      ...{ ...plan, client, arm, block, silentMs },
      nextBody: bodiesOf(workload, load.part, { stream: streaming }),
      signal: AbortSignal.any([signal, lost.signal]),
      onRecord: (record) => {
        if (meter && !lost.signal.aborted && meter.take(record)) lost.abort();
      },
    });
    const counted = meter?.read() ?? { requests: run.records.length, late: 0 };
    return {
      ...{ ...timesOf(run), planned, requests: counted.requests, late: counted.late },
      ...{ isLost: lost.signal.aborted, gaps, streams: counter.streams, self: run.self },
    };
  } finally {
    await client.close();
  }
}

type Times = 'planned' | 'requests' | 'late' | 'isLost' | 'gaps' | 'streams' | 'self';

function timesOf({ records, ...run }: OpenLoopRun): Omit<OpenResult, Times> {
  const valid = records.filter((record) => record.valid);
  const known = (read: (record: RequestRecord) => number | null) => valid.map(read).filter((ms) => ms !== null);
  return {
    ...{ startMs: run.startMs, stopMs: run.stopMs, drainedMs: run.drainedMs },
    ...{ mostInFlight: run.mostInFlight, silent: run.silent },
    errors: records.length - valid.length,
    cancelled: records.filter(({ errorKind }) => errorKind === 'cancelled').length,
    buffered: valid.filter(isBuffered).length,
    e2eMs: valid.map(endToEnd),
    ttftMs: known(timeToFirstToken),
    tpotMs: known(timePerOutputToken),
    lagsMs: records.map(({ sentMs, intendedMs }) => sentMs - intendedMs),
  };
}
