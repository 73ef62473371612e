import type { FigureId } from '../../../src/history/figures.ts';
import type { HistoryRecord } from '../../../src/history/record.ts';

/** A night that measured this speedup, or nothing. */
export function aNight(index: number, speedup: number | null, change: Partial<HistoryRecord> = {}): HistoryRecord {
  const at = new Date(Date.UTC(2026, 0, 1 + index, 2, 10));
  const empty = { machine: null, replicas: null, model: null, vllm: null, picker: null, scorers: null, gke: null };
  return {
    v: 1,
    key: `${index}/1/default`,
    ts: at.toISOString(),
    run: { id: String(index), attempt: 1, number: index, event: 'schedule', sha: 'c0ffee1', url: null },
    series: 'default',
    env: { fp: 'aaaaaaaa', ...empty, istio: null, kserve: null, gate: '0.1.0' },
    verdict: speedup === null ? 'error' : 'pass',
    cause: speedup === null ? 'gke.stockout' : null,
    blame: speedup === null ? 'cloud' : null,
    m: {
      speedup: speedup === null ? null : [speedup, speedup * 0.97, speedup * 1.03],
      all: null,
      one: null,
      p95Ms: null,
      hitRate: null,
      successRate: null,
    },
    cost: { usd: null, chipMinutes: null },
    stages: [],
    ...change,
  };
}

/** A value for each figure. */
export type NightFigures = Record<FigureId, number>;

/** What a healthy stack of three replicas measures. */
export const LEVELS: Readonly<NightFigures> = {
  speedup: 2.68,
  all: 20.1,
  one: 7.5,
  ttft: 204,
  tpot: 20.5,
  p95: 612,
  goodput: 18.2,
  'hit-rate': 0.74,
  'success-rate': 0.97,
  quality: 0.61,
  ready: 812_000,
  up: 1_510_000,
  cost: 14.65,
};

/** Nights of all figures with a share of normal noise, each figure for itself. */
export function nightsOf(count: number, { sigma, seed }: { sigma: number; seed: number }): NightFigures[] {
  const next = noise(seed);
  return Array.from({ length: count }, () => {
    const level = { ...LEVELS };
    for (const id of Object.keys(LEVELS) as FigureId[]) level[id] *= 1 + sigma * next();
    return level;
  });
}

/** A night that measured all figures, as a new record has them. */
export function fullNight(
  index: number,
  figures: NightFigures,
  env: Partial<HistoryRecord['env']> = {},
): HistoryRecord {
  const night = aNight(index, figures.speedup);
  const hardware = { machine: 'ct6e-standard-4t', chips: 4, replicas: 3, model: 'Qwen/Qwen2.5-3B-Instruct' };
  const method = { workload: '640 + 16 tokens, 10 in flight per replica', method: 'paired, version 1' };
  const stack = { vllm: 'vllm:a', vllmDigest: 'sha256:a', flags: '--max-model-len 4096', flagsHash: 'ffffffff' };
  return {
    ...night,
    env: { ...night.env, cond: 'cccccccc', ...hardware, ...method, ...stack, ...env },
    m: {
      ...night.m,
      ...{ all: figures.all, one: figures.one, ttftP50Ms: figures.ttft, tpotP50Ms: figures.tpot, p95Ms: figures.p95 },
      ...{ goodput: figures.goodput, hitRate: figures['hit-rate'], successRate: figures['success-rate'] },
      ...{ quality: figures.quality, readyMs: figures.ready, upMs: figures.up },
    },
    cost: { usd: figures.cost, chipMinutes: 296 },
  };
}

/** Mulberry32 and Box–Muller: normal noise that is the same in every run. */
export function noise(seed: number): () => number {
  let state = seed;
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}
