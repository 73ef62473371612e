import type { BlockRun } from '../closed-loop.ts';
import { encodedHistogram, mergedValues } from '../histogram.ts';
import type { SelfFigures } from '../self-meter.ts';
import type { SourceLoad, SourceResult } from '../source.ts';
import { type BlockTally, mergeTallies } from '../tally.ts';
import { mergeTokens, type TokenTally } from '../tokens.ts';
import type { WindowFigures } from '../window.ts';

/**
 * What one load client has of a block: counts, sums and histograms, which add up over load clients. Percentiles do not,
 * so there are none.
 */
export interface ShardReport {
  /** Requests that it kept in flight; 0 where the block has fewer than there are load clients. */
  concurrency: number;
  /** After the moment that was agreed, milliseconds. */
  lateMs: number;
  window: WindowFigures;
  tally: BlockTally;
  tokens: TokenTally;
  /** HdrHistograms, encoded: latencies in the window, latencies of all valid answers, lags of the sends in the window. */
  histograms: { latencies: string; answered: string; lags: string };
  self: SelfFigures;
  ended: BlockRun['ended'];
  /** From its start, milliseconds. */
  stopMs: number;
  drainedMs: number;
}

/** The report of a block that this process has run. */
export function reportOf(
  { measured, tokens, answeredMs }: SourceResult,
  { concurrency, lateMs }: Pick<ShardReport, 'concurrency' | 'lateMs'>,
): ShardReport {
  const { run, window, tally, latenciesMs, sendLagsMs } = measured;
  return {
    ...{ concurrency, lateMs, window, tally, tokens },
    histograms: {
      latencies: encodedHistogram(latenciesMs),
      answered: encodedHistogram(answeredMs),
      lags: encodedHistogram(sendLagsMs),
    },
    ...{ self: run.self, ended: run.ended },
    stopMs: run.stopMs - run.startMs,
    drainedMs: run.drainedMs - run.startMs,
  };
}

/**
 * The block of all load clients as if one had run it: throughput adds up, times come from the merged histograms to 0.1 %.
 * The client's own figures are those of the worst one, so that one starved load client shows. Throws RangeError for none.
 */
export function mergeReports(
  { arm, block }: Pick<SourceLoad, 'arm' | 'block'>,
  all: readonly ShardReport[],
): SourceResult {
  const reports = all.filter(({ concurrency }) => concurrency > 0);
  const sum = (figure: (report: ShardReport) => number) => reports.reduce((total, each) => total + figure(each), 0);
  const most = (figure: (report: ShardReport) => number) => Math.max(0, ...reports.map(figure));
  const values = (name: keyof ShardReport['histograms']) =>
    mergedValues(reports.map(({ histograms }) => histograms[name]));
  const run: BlockRun = {
    ...{ arm, block, concurrency: sum(({ concurrency }) => concurrency), startMs: 0, records: [] },
    stopMs: most(({ stopMs }) => stopMs),
    drainedMs: most(({ drainedMs }) => drainedMs),
    self: {
      eventLoopUtilization: most(({ self }) => self.eventLoopUtilization),
      stalledMs: most(({ self }) => self.stalledMs),
      cpuMs: sum(({ self }) => self.cpuMs),
    },
    ended: endedOf(reports),
    shards: reports.length,
  };
  return {
    measured: {
      ...{ run, window: mergeWindows(reports.map(({ window }) => window)) },
      bounds: null,
      tally: mergeTallies(reports.map(({ tally }) => tally)),
      ...{ latenciesMs: values('latencies'), sendLagsMs: values('lags') },
    },
    tokens: mergeTokens(reports.map(({ tokens }) => tokens)),
    answeredMs: values('answered'),
  };
}

function endedOf(reports: readonly ShardReport[]): BlockRun['ended'] {
  const ends = reports.map(({ ended }) => ended);
  return ends.includes('aborted') ? 'aborted' : ends.includes('failing') ? 'failing' : 'complete';
}

/** Windows of one length at one time: rates add up, and the mean latency is that of all requests. */
function mergeWindows(windows: readonly WindowFigures[]): WindowFigures {
  const sum = (figure: (window: WindowFigures) => number) => windows.reduce((total, each) => total + figure(each), 0);
  const requestsPerSecond = sum((window) => window.requestsPerSecond);
  const latency = sum((window) => window.requestsPerSecond * (window.meanLatencyMs ?? 0));
  return {
    seconds: Math.max(0, ...windows.map(({ seconds }) => seconds)),
    requestsPerSecond,
    outputTokensPerSecond: sum((window) => window.outputTokensPerSecond),
    completed: sum(({ completed }) => completed),
    errors: sum(({ errors }) => errors),
    meanLatencyMs: requestsPerSecond > 0 ? latency / requestsPerSecond : null,
    halves: { first: sum(({ halves }) => halves.first), second: sum(({ halves }) => halves.second) },
  };
}
