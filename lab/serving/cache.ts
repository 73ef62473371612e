import { hash } from 'node:crypto';
import { CHARACTERS_PER_TOKEN } from './tokenizer.ts';

/**
 * Tokens per KV block on TPU: the page size that vLLM's Pallas backend computes from the context length; the user's
 * `--block-size` is overwritten (vLLM `pallas.py` get_page_size, `tpu.py`).
 */
export function tpuBlockSize(maxModelLen: number): number {
  if (maxModelLen > 8192) return 16;
  const pages = 2 ** Math.ceil(Math.log2(maxModelLen)) / 16;
  return Math.min(256, Math.max(16, pages));
}

/** Chained hash of every full block of a prompt; the salt separates callers who must not share blocks. */
export function blockHashes(prompt: string, blockSize: number, salt: string): string[] {
  const characters = blockSize * CHARACTERS_PER_TOKEN;
  const hashes: string[] = [];
  let parent = salt;
  for (let end = characters; end <= prompt.length; end += characters) {
    parent = hash('sha256', `${parent}\n${prompt.slice(end - characters, end)}`, 'base64');
    hashes.push(parent);
  }
  return hashes;
}

export interface Sequence {
  hashes: string[];
  promptTokens: number;
  /** Prompt and the longest answer. */
  totalTokens: number;
}

export interface Allocation {
  /** Prompt tokens found in the cache. */
  cachedTokens: number;
  /** Gives the blocks back; full prompt blocks stay cached until others need the room. */
  release(): void;
}

export interface BlockPool {
  readonly blockSize: number;
  readonly blocks: number;
  readonly caching: boolean;
  /** Blocks for a sequence, or null when running sequences hold too many. */
  allocate(sequence: Sequence): Allocation | null;
  /** Share of blocks that running sequences hold, 0..1; cached but idle blocks count as free, as in vLLM. */
  usage(): number;
}

/**
 * vLLM V1's KV blocks: prefix caching over full blocks, least recently used first out. At least one prompt token is
 * always computed, so a repeated prompt of exactly k blocks hits k − 1 of them (kv_cache_manager.py).
 */
export function createBlockPool(options: { blockSize: number; blocks: number; caching: boolean }): BlockPool {
  const { blockSize, blocks, caching } = options;
  const held = new Map<string, { users: number }>();
  /** Insertion order is the order of last use. */
  const idle = new Set<string>();
  let unshared = 0;

  const cachedPrefix = ({ hashes, promptTokens }: Sequence): number => {
    const most = Math.min(hashes.length, Math.floor((promptTokens - 1) / blockSize));
    let hits = 0;
    while (hits < most && (held.has(hashes[hits]!) || idle.has(hashes[hits]!))) hits++;
    return hits;
  };

  return {
    blockSize,
    blocks,
    caching,
    usage: () => (held.size + unshared) / blocks,
    allocate: (sequence) => {
      const hits = caching ? cachedPrefix(sequence) : 0;
      const shared = sequence.hashes.slice(0, hits);
      const fresh = Math.ceil(sequence.totalTokens / blockSize) - hits;
      const revived = shared.filter((block) => idle.has(block)).length;
      if (held.size + unshared + revived + fresh > blocks) return null;

      for (const block of shared) {
        idle.delete(block);
        const entry = held.get(block);
        if (entry) entry.users++;
        else held.set(block, { users: 1 });
      }
      let excess = held.size + unshared + idle.size + fresh - blocks;
      for (const block of idle) {
        if (excess-- <= 0) break;
        idle.delete(block);
      }
      // A block that another sequence already caches under the same hash is computed again into a block of its own.
      const added = caching ? sequence.hashes.slice(hits).filter((block) => !held.has(block) && !idle.has(block)) : [];
      for (const block of added) held.set(block, { users: 1 });
      const own = fresh - added.length;
      unshared += own;

      const mine = [...shared, ...added];
      return {
        cachedTokens: hits * blockSize,
        release: () => {
          unshared -= own;
          // Tails first, so that they are the first to go: a head is useful to more prompts.
          for (const block of mine.splice(0).reverse()) {
            const entry = held.get(block);
            if (!entry || --entry.users > 0) continue;
            held.delete(block);
            idle.add(block);
          }
        },
      };
    },
  };
}
