import { type SloLimit, sloPercentile } from '../../lib/slo.ts';
import { gapLimits } from '../../load/gaps.ts';
import type { OpenResult } from '../../load/open-source.ts';
import type { LatencyFigures } from '../../report/model.ts';
import type { LatencySamples } from '../../verdict/slo-latency.ts';

/**
 * What limits are judged by. A request that failed is beyond every limit: it is an infinite latency, and a stream of
 * `tokens` tokens whose gaps are all over the limit.
 */
export function latencySamples(
  { ratePerSecond, buffered, client }: LatencyFigures,
  seen: {
    result: Pick<OpenResult, 'errors' | 'e2eMs' | 'ttftMs' | 'tpotMs' | 'streams' | 'gaps'>;
    limits: readonly SloLimit[];
    tokens: number;
  },
): LatencySamples {
  const { result, limits, tokens } = seen;
  const failed = Array.from({ length: result.errors });
  const infinite = failed.map(() => Number.POSITIVE_INFINITY);
  const lost = failed.map(() => ({ gaps: tokens - 1, over: tokens - 1 }));
  return {
    ...{ ratePerSecond, buffered, stalledShare: client.stalledShare },
    e2eMs: [...result.e2eMs, ...infinite],
    ttftMs: [...result.ttftMs, ...infinite],
    tpotMs: [...result.tpotMs, ...infinite],
    itl: gapLimits(limits).map((limit, index) => ({
      limit,
      valueMs: result.gaps.at(sloPercentile(limit.name)?.p ?? 0),
      streams: [...result.streams.map(({ gaps, over }) => ({ gaps, over: over[index] ?? 0 })), ...lost],
    })),
  };
}
