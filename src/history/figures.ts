import { decimal } from '../lib/number.ts';
import { times } from '../lib/speedup.ts';
import { percent, significant, usd } from '../report/format.ts';
import type { Better } from './detect.ts';
import type { HistoryRecord } from './record.ts';

/** A figure of a night that is watched. */
export interface Figure {
  id: FigureId;
  /** In a sentence, without an article. */
  name: string;
  better: Better;
  read: (record: HistoryRecord) => number | null | undefined;
  /** A value with its unit. `limits`: what a ratio stands beside, such as its target. */
  text: (value: number, limits: readonly number[]) => string;
}

export type FigureId =
  | 'speedup'
  | 'all'
  | 'one'
  | 'ttft'
  | 'tpot'
  | 'p95'
  | 'goodput'
  | 'hit-rate'
  | 'success-rate'
  | 'quality'
  | 'ready'
  | 'up'
  | 'cost';

const perSecond = (value: number) => `${significant(value)} req/s`;
const ms = (value: number) => `${significant(value)} ms`;
const seconds = (value: number) => `${decimal(value / 1_000, 0)} s`;
const share = (value: number) => percent(value, 1);

/** Every figure that is watched, the most important first. The tolerances of detect.ts are calibrated for as many. */
export const FIGURES: readonly Figure[] = [
  { id: 'speedup', name: 'speedup', better: 'higher', read: ({ m }) => m.speedup?.[0], text: times },
  { id: 'all', name: 'throughput of all replicas', better: 'higher', read: ({ m }) => m.all, text: perSecond },
  { id: 'one', name: 'throughput of one replica', better: 'higher', read: ({ m }) => m.one, text: perSecond },
  { id: 'ttft', name: 'time to first token', better: 'lower', read: ({ m }) => m.ttftP50Ms, text: ms },
  { id: 'tpot', name: 'time per output token', better: 'lower', read: ({ m }) => m.tpotP50Ms, text: ms },
  { id: 'p95', name: 'end-to-end latency p95', better: 'lower', read: ({ m }) => m.p95Ms, text: ms },
  { id: 'goodput', name: 'goodput', better: 'higher', read: ({ m }) => m.goodput, text: perSecond },
  { id: 'hit-rate', name: 'cache hit rate', better: 'higher', read: ({ m }) => m.hitRate, text: share },
  { id: 'success-rate', name: 'success rate', better: 'higher', read: ({ m }) => m.successRate, text: share },
  { id: 'quality', name: 'quality score', better: 'higher', read: ({ m }) => m.quality, text: share },
  { id: 'ready', name: 'time until a pod is Ready', better: 'lower', read: ({ m }) => m.readyMs, text: seconds },
  { id: 'up', name: 'time from lease to ready', better: 'lower', read: ({ m }) => m.upMs, text: seconds },
  { id: 'cost', name: 'cost of a run', better: 'lower', read: costOfWhole, text: usd },
];

/** A run that ended before its measurement was cheap for that reason. */
function costOfWhole({ m, cost }: HistoryRecord): number | null {
  return m.speedup === null ? null : cost.usd;
}
