import type { HistoryRecord } from '../../../../src/history/record.ts';
import { aNight, noise } from '../records.ts';

const REPOSITORY = 'https://github.example/acme/serving';
const ENV = { machine: 'ct6e-standard-4t', replicas: 3, model: 'Qwen/Qwen2.5-3B-Instruct' };

/** Nights as a repository has them: noise, two that died, a new image in the middle, all figures. */
export function someNights(count: number): HistoryRecord[] {
  const normal = noise(7);
  return Array.from({ length: count }, (_, index) => {
    const died = index % 20 === 9;
    const isNew = index >= count / 2;
    const speedup = died ? null : 2.66 * (1 + 0.01 * normal());
    const one = 7.5 * (1 + 0.01 * normal());
    const night = aNight(index, speedup);
    const m = speedup === null ? night.m : { ...night.m, ...latency(), all: speedup * one, one, hitRate: 0.83 };
    return {
      ...night,
      run: { ...night.run, sha: 'c0ffee1'.repeat(5), url: `${REPOSITORY}/actions/runs/${1_000 + index}` },
      env: { ...night.env, ...ENV, fp: isNew ? 'bbbbbbbb' : 'aaaaaaaa', vllm: isNew ? 'vllm:v2' : 'vllm:v1' },
      target: [2.5, 2.8],
      m,
      cost: { usd: died ? 1.9 : 6.31, chipMinutes: died ? 90 : 296 },
    };
  });
}

function latency() {
  return { p50Ms: 486, p95Ms: 612, p99Ms: 734, ttftP50Ms: 214, successRate: 1 };
}
