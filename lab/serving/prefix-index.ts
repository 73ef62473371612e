import { hash } from 'node:crypto';

/** Blocks that the picker remembers per pod, and compares per prompt (prefix-cache-scorer's defaults). */
const CAPACITY = 31_250;
const MOST_BLOCKS = 256;

/**
 * Chained hashes of a request's prompt in blocks of characters; a trailing partial block is left out. The first one
 * hashes the model and the cache salt too, so that nothing matches across them.
 */
export function promptHashes(options: { text: string; characters: number; model: string; salt: string }): string[] {
  const { text, characters, model, salt } = options;
  const hashes: string[] = [];
  let parent = hash('sha256', JSON.stringify([model, salt]), 'base64');
  for (let end = characters; end <= text.length && hashes.length < MOST_BLOCKS; end += characters) {
    parent = hash('sha256', `${parent}\n${text.slice(end - characters, end)}`, 'base64');
    hashes.push(parent);
  }
  return hashes;
}

/** The picker's own guess of what each pod has cached; it never asks the pods. */
export interface PrefixIndex {
  /** Leading blocks that the pod is believed to hold. */
  matched(pod: string, hashes: string[]): number;
  record(pod: string, hashes: string[]): void;
  /** Forgets every pod that is not among these. */
  keep(pods: string[]): void;
}

export function createPrefixIndex(capacity = CAPACITY): PrefixIndex {
  const byPod = new Map<string, Set<string>>();
  return {
    matched: (pod, hashes) => {
      const known = byPod.get(pod);
      if (!known) return 0;
      const miss = hashes.findIndex((block) => !known.has(block));
      return miss < 0 ? hashes.length : miss;
    },
    record: (pod, hashes) => {
      let known = byPod.get(pod);
      if (!known) {
        known = new Set();
        byPod.set(pod, known);
      }
      for (const block of hashes) {
        known.delete(block);
        known.add(block);
      }
      for (const oldest of known) {
        if (known.size <= capacity) break;
        known.delete(oldest);
      }
    },
    keep: (pods) => {
      for (const pod of byPod.keys()) if (!pods.includes(pod)) byPod.delete(pod);
    },
  };
}
