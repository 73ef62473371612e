import { keeps, type SloLimit, sloPercentile } from '../../lib/slo.ts';
import { endToEnd, timePerOutputToken, timeToFirstToken } from '../../load/definitions.ts';
import type { LatencyHistogram } from '../../load/histogram.ts';
import type { RequestRecord } from '../../load/types.ts';
import type { LatencyFigures } from '../../report/model.ts';
import type { LatencySamples } from '../../verdict/slo-latency.ts';

interface StreamGaps {
  gaps: number;
  /** For each limit of a gap between tokens. */
  over: number[];
}

/** Counts the gaps between tokens, and those beyond each limit, stream by stream. */
export function gapCounter(limits: readonly SloLimit[]) {
  const ofGaps = limits.filter(({ name }) => sloPercentile(name)?.measure === 'itl');
  const streams: StreamGaps[] = [];
  return {
    limits: ofGaps,
    streams,
    /** Begins a stream. Returns what takes its gaps, milliseconds. */
    ofStream: () => {
      const stream: StreamGaps = { gaps: 0, over: ofGaps.map(() => 0) };
      streams.push(stream);
      return (ms: number) => {
        stream.gaps += 1;
        for (const [index, limit] of ofGaps.entries()) if (!keeps(ms, limit)) stream.over[index]! += 1;
      };
    },
  };
}

/**
 * What limits are judged by. A request that failed is beyond every limit: it is an infinite latency, and a stream of
 * `tokens` tokens whose gaps are all over the limit.
 */
export function latencySamples(
  { ratePerSecond, buffered, client }: LatencyFigures,
  seen: {
    records: readonly RequestRecord[];
    counter: ReturnType<typeof gapCounter>;
    gaps: LatencyHistogram;
    tokens: number;
  },
): LatencySamples {
  const { records, counter, gaps, tokens } = seen;
  const failed = records.filter(({ valid }) => !valid);
  const values = (read: (record: RequestRecord) => number | null) => [
    ...records.filter(({ valid }) => valid).flatMap((record) => read(record) ?? []),
    ...failed.map(() => Number.POSITIVE_INFINITY),
  ];
  const lost = failed.map(() => ({ gaps: tokens - 1, over: tokens - 1 }));
  return {
    ...{ ratePerSecond, buffered, stalledShare: client.stalledShare },
    e2eMs: values(endToEnd),
    ttftMs: values(timeToFirstToken),
    tpotMs: values(timePerOutputToken),
    itl: counter.limits.map((limit, index) => ({
      limit,
      valueMs: gaps.at(sloPercentile(limit.name)?.p ?? 0),
      streams: [...counter.streams.map((stream) => ({ gaps: stream.gaps, over: stream.over[index] ?? 0 })), ...lost],
    })),
  };
}
