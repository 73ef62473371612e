import { keeps, type SloLimit, sloPercentile } from '../lib/slo.ts';

/** The gaps between tokens of one stream. */
export interface StreamGaps {
  gaps: number;
  /** Gaps beyond each limit of a gap, in the order of the limits. */
  over: number[];
}

/** The limits that are on gaps between tokens. */
export function gapLimits(limits: readonly SloLimit[]): SloLimit[] {
  return limits.filter(({ name }) => sloPercentile(name)?.measure === 'itl');
}

/** Counts the gaps between tokens, and those beyond each limit, stream by stream. Other limits are left out. */
export function gapCounter(limits: readonly SloLimit[]) {
  const ofGaps = gapLimits(limits);
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
