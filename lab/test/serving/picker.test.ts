import { describe, expect, it } from 'vitest';
import { type Candidate, createPicker } from '../../serving/picker.ts';
import { createPrefixIndex, promptHashes } from '../../serving/prefix-index.ts';
import { createRandom } from '../../serving/random.ts';
import { SCORERS } from '../../serving/scorers.ts';

const PODS = ['ns/a', 'ns/b', 'ns/c'];
const DEFAULT = [
  { name: 'prefix-cache-scorer', weight: 2 },
  { name: 'load-aware-scorer', weight: 1 },
];

const idle = (queues = [0, 0, 0]): Candidate[] =>
  PODS.map((name, pod) => ({ name, queue: queues[pod]!, kvUsage: 0, blockSize: 128 }));

function picking(scorers = DEFAULT) {
  const picker = createPicker({ scorers, random: createRandom(5) });
  return (prompt: string, candidates = idle(), model = 'qwen') => {
    const picked = picker.pick(Buffer.from(JSON.stringify({ model, prompt })), candidates);
    return picked && 'pod' in picked ? picked.pod : picked;
  };
}

const words = (name: string, characters: number) =>
  `${name} lorem ipsum dolor `.repeat(characters).slice(0, characters);

describe('picker', () => {
  it('sends a shared prefix of several blocks to one pod, whatever the suffix', () => {
    const pick = picking();
    for (const group of ['a', 'b', 'c', 'd', 'e', 'f']) {
      const home = pick(words(group, 2048) + words('leader', 512));
      const followers = Array.from({ length: 10 }, (_, i) => pick(words(group, 2048) + words(`suffix ${i}`, 512)));
      expect(new Set(followers)).toEqual(new Set([home]));
    }
  });

  it('places unknown prefixes on every pod', () => {
    const pick = picking();
    const homes = Array.from({ length: 30 }, (_, i) => pick(words(`group ${i}`, 2048)));
    expect(new Set(homes).size).toBe(3);
  });

  it('sees nothing in prompts of less than one block: 512 characters', () => {
    const pick = picking();
    const homes = Array.from({ length: 30 }, () => pick(words('short', 511)));
    expect(new Set(homes).size).toBe(3);
  });

  it('sends a unique prompt to the pod with the shortest queue', () => {
    const pick = picking();
    for (let i = 0; i < 20; i++) expect(pick(words(`u${i}`, 2048), idle([3, 2, 5]))).toBe('ns/b');
  });

  it('keeps a hot prefix where it is at any load, as weights 2 and 1 do', () => {
    const pick = picking();
    const home = pick(words('hot', 2048));
    expect(pick(words('hot', 2048), idle(PODS.map((pod) => (pod === home ? 128 : 0))))).toBe(home);
  });

  it('forgets a pod that has gone', () => {
    const pick = picking();
    const home = pick(words('x', 2048));
    const others = idle().filter(({ name }) => name !== home);
    expect(pick(words('x', 2048), others)).not.toBe(home);
  });

  it('does not match across models', () => {
    const pick = picking();
    const homes = Array.from({ length: 20 }, (_, i) => pick(words('same', 2048), idle(), `model ${i}`));
    expect(new Set(homes).size).toBe(3);
  });

  it('has no pod without candidates and refuses what it cannot read', () => {
    const picker = createPicker({ scorers: DEFAULT, random: createRandom(1) });
    expect(picker.pick(Buffer.from('{"model":"q","prompt":"x"}'), [])).toBeNull();
    expect(picker.pick(Buffer.from('{'), idle())).toHaveProperty('refusal');
    expect(picker.pick(Buffer.from('{"prompt":"x"}'), idle())).toHaveProperty('refusal');
  });

  it('ignores plugins that do not score', () => {
    const pick = picking([...DEFAULT, { name: 'max-score-picker', weight: 1 }]);
    expect(PODS).toContain(pick('hello'));
  });
});

describe('scorers', () => {
  const pods = [0, 2, 8].map((queue) => ({ queue, kvUsage: queue / 10, prefixMatch: 0.25, lastCold: 0 }));

  it.each([
    ['prefix-cache-scorer', [0.25, 0.25, 0.25]],
    ['load-aware-scorer', [0.5, 0.5 * (1 - 2 / 128), 0.5 * (1 - 8 / 128)]],
    ['queue-scorer', [1, 0.75, 0]],
    ['kv-cache-utilization-scorer', [1, 0.8, 0.2]],
  ])('%s', (name, expected) => {
    const scores = SCORERS[name]?.(pods) ?? [];
    for (const [pod, score] of scores.entries()) expect(score).toBeCloseTo(expected[pod]!);
    expect(scores).toHaveLength(3);
  });

  it('no-hit-lru-scorer sends cold prompts to the pods in turn and leaves warm ones alone', () => {
    const cold = [3, 0, 7].map((lastCold) => ({ queue: 0, kvUsage: 0, prefixMatch: 0, lastCold }));
    expect(SCORERS['no-hit-lru-scorer']?.(cold)).toEqual([0.5, 1, 0]);
    expect(SCORERS['no-hit-lru-scorer']?.(pods)).toEqual([0.5, 0.5, 0.5]);
  });

  it('queue-scorer gives equal queues the full score', () => {
    expect(SCORERS['queue-scorer']?.(pods.map((pod) => ({ ...pod, queue: 4 })))).toEqual([1, 1, 1]);
  });
});

describe('prefix index', () => {
  it('matches leading blocks only and drops the oldest beyond its capacity', () => {
    const index = createPrefixIndex(4);
    const hashes = promptHashes({ text: words('a', 2048), characters: 512, model: 'm', salt: '' });
    index.record('a', hashes);
    expect(index.matched('a', hashes)).toBe(4);
    expect(index.matched('b', hashes)).toBe(0);
    index.record('a', ['later']);
    expect(index.matched('a', hashes)).toBe(0);
  });
});
