import type { StreamGaps } from '../gaps.ts';
import { mostLateOf } from '../goodput.ts';
import { encodedHistogram, mergedHistogram, mergedValues } from '../histogram.ts';
import { arrivalTimes } from '../open-loop.ts';
import type { OpenLoad, OpenResult } from '../open-source.ts';
import type { SelfFigures } from '../self-meter.ts';

type Counts = Pick<OpenResult, 'planned' | 'requests' | 'errors' | 'cancelled' | 'late' | 'buffered' | 'mostInFlight'>;

/** What one load client has of an open loop: counts and histograms, which add up over load clients. */
export interface OpenReport extends Counts {
  silent: boolean;
  isLost: boolean;
  /** From its start, milliseconds. */
  stopMs: number;
  drainedMs: number;
  /** HdrHistograms, encoded. */
  histograms: Record<'e2e' | 'ttft' | 'tpot' | 'lags' | 'gaps', string>;
  /** Streams with the same counts are one entry. */
  streams: (StreamGaps & { count: number })[];
  self: SelfFigures;
}

/**
 * The part of one load client. The sum of independent Poisson processes is one, at the sum of their rates (Kingman,
 * Poisson Processes, 1993, section 2.2).
 */
export function openPart(load: OpenLoad, shard: number, shards: number): OpenLoad {
  return {
    ...load,
    ratePerSecond: load.ratePerSecond / shards,
    seed: `${load.seed}/shard-${shard}`,
    part: `${load.part}/shard-${shard}`,
    // Its requests come so many times as seldom.
    silentMs: load.silentMs * shards,
  };
}

/** How many requests of a load may be late where its rate is met, over all its load clients. */
export function mostLateTogether(load: Omit<OpenLoad, 'within'>, shards: number): number {
  const parts = Array.from({ length: shards }, (_, shard) => openPart({ ...load, within: null }, shard, shards));
  return mostLateOf(parts.reduce((sum, part) => sum + arrivalTimes({ ...part, arrivals: 'poisson' }).length, 0));
}

/** The report of an open loop that this process has run. */
export function openReportOf(result: OpenResult): OpenReport {
  const { startMs, stopMs, drainedMs, e2eMs, ttftMs, tpotMs, lagsMs, gaps, streams, ...rest } = result;
  return {
    ...{ ...rest, stopMs: stopMs - startMs, drainedMs: drainedMs - startMs },
    histograms: {
      e2e: encodedHistogram(e2eMs),
      ttft: encodedHistogram(ttftMs),
      tpot: encodedHistogram(tpotMs),
      lags: encodedHistogram(lagsMs),
      gaps: gaps.encoded(),
    },
    streams: countedStreams(streams),
  };
}

function countedStreams(streams: readonly StreamGaps[]): OpenReport['streams'] {
  const counted = new Map<string, OpenReport['streams'][number]>();
  for (const { gaps, over } of streams) {
    const key = JSON.stringify([gaps, over]);
    const entry = counted.get(key) ?? { gaps, over, count: 0 };
    entry.count += 1;
    counted.set(key, entry);
  }
  return [...counted.values()];
}

/**
 * The open loop of all load clients as if one had run it, from the moment `startMs` of this process. Times come from the
 * merged histograms to 0.1 %. The client's own figures are those of the worst one. The load was silent where it was to each
 * load client that had requests.
 */
export function mergeOpenReports(reports: readonly OpenReport[], startMs: number): OpenResult {
  const sum = (figure: (report: OpenReport) => number) => reports.reduce((total, each) => total + figure(each), 0);
  const most = (figure: (report: OpenReport) => number) => Math.max(0, ...reports.map(figure));
  const values = (name: keyof OpenReport['histograms']) =>
    mergedValues(reports.map(({ histograms }) => histograms[name]));
  const busy = reports.filter(({ requests }) => requests > 0);
  return {
    ...{ startMs, stopMs: startMs + most(({ stopMs }) => stopMs), drainedMs: startMs + most((each) => each.drainedMs) },
    planned: sum(({ planned }) => planned),
    requests: sum(({ requests }) => requests),
    errors: sum(({ errors }) => errors),
    cancelled: sum(({ cancelled }) => cancelled),
    late: sum(({ late }) => late),
    buffered: sum(({ buffered }) => buffered),
    mostInFlight: sum(({ mostInFlight }) => mostInFlight),
    silent: busy.length > 0 && busy.every(({ silent }) => silent),
    isLost: reports.some(({ isLost }) => isLost),
    ...{ e2eMs: values('e2e'), ttftMs: values('ttft'), tpotMs: values('tpot'), lagsMs: values('lags') },
    gaps: mergedHistogram(reports.map(({ histograms }) => histograms.gaps)),
    streams: reports.flatMap(({ streams }) =>
      streams.flatMap(({ gaps, over, count }) => Array.from({ length: count }, () => ({ gaps, over }))),
    ),
    self: {
      eventLoopUtilization: most(({ self }) => self.eventLoopUtilization),
      stalledMs: most(({ self }) => self.stalledMs),
      cpuMs: sum(({ self }) => self.cpuMs),
    },
  };
}
