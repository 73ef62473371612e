import type { HistoryRecord } from '../../../../src/history/record.ts';
import { aNight, noise } from '../records.ts';

const REPOSITORY = 'https://github.com/acme/serving';
const ENV = { machine: 'ct6e-standard-4t', replicas: 3, model: 'Qwen/Qwen2.5-3B-Instruct' };

/** The commit of a night, 35 hexadecimal digits. */
export const shaOf = (index: number) => (0xabc0000 + index).toString(16).repeat(5);

/**
 * Nights as a repository has them: noise, a night of each verdict, all figures, and a change in the middle. There the image is
 * new, the target is higher, and one replica is 12 % slower.
 */
export function someNights(count: number, series = 'default'): HistoryRecord[] {
  const normal = noise(7);
  return Array.from({ length: count }, (_, index) => {
    const verdict = verdictOf(index);
    const isNew = index >= count / 2;
    const speedup = verdict === 'error' ? null : 2.66 * (1 + 0.01 * normal());
    const one = 7.5 * (1 + 0.01 * normal()) * (isNew ? 0.88 : 1);
    const night = aNight(index, speedup);
    const m = speedup === null ? night.m : { ...night.m, ...figures(normal), all: speedup * one, one };
    return {
      ...night,
      ...{ series, key: `${index}/1/${series}`, verdict, m },
      run: {
        ...night.run,
        ...{ sha: shaOf(index), url: `${REPOSITORY}/actions/runs/${1_000 + index}` },
        ...{ subject: `Tune the scorers of the picker, step ${index} (#${index + 1})` },
      },
      env: { ...night.env, ...ENV, fp: isNew ? 'bbbbbbbb' : 'aaaaaaaa', vllm: isNew ? 'vllm:v2' : 'vllm:v1' },
      target: isNew ? [2.5, 2.8] : [2.4, 2.7],
      cost:
        speedup === null
          ? { usd: 1.9, chipMinutes: 90 }
          : { usd: 6.31, chipMinutes: 296, usdPerMillionTokens: 4.2 * (1 + 0.02 * normal()) },
      stages: [
        ['lease', Math.round(612 * (1 + 0.2 * normal())), speedup === null ? 'failed' : 'done'],
        ['ready', 864, speedup === null ? 'skipped' : 'done'],
      ],
    };
  });
}

function verdictOf(index: number): HistoryRecord['verdict'] {
  if (index % 20 === 9) return 'error';
  if (index % 25 === 11) return 'fail';
  if (index % 25 === 14) return 'inconclusive';
  return index % 25 === 18 ? 'invalid' : 'pass';
}

function figures(normal: () => number) {
  const latency = { p50Ms: 486, p95Ms: 612, p99Ms: 734, ttftP50Ms: 214, tpotP50Ms: 20.5 };
  const start = { readyMs: 812_000 * (1 + 0.03 * normal()), upMs: 1_510_000 * (1 + 0.05 * normal()) };
  const quality = { quality: 0.61 + 0.004 * normal(), successRate: 1, hitRate: 0.83 + 0.008 * normal() };
  return { ...latency, ...start, ...quality, tokens: 320 * (1 + 0.01 * normal()), goodput: 18.2 };
}
