import { createPrefixIndex, promptHashes } from './prefix-index.ts';
import type { Random } from './random.ts';
import { SCORERS } from './scorers.ts';
import { CHARACTERS_PER_TOKEN } from './tokenizer.ts';

/** A pod as the picker scrapes it. */
export interface Candidate {
  name: string;
  /** Running and waiting requests. */
  queue: number;
  kvUsage: number;
  /** Tokens per KV block, from `vllm:cache_config_info`. */
  blockSize: number;
}

export interface Picker {
  /** The pod for a request body, or the refusal of a body that it cannot read; null when there is no pod. */
  pick(body: Buffer, candidates: Candidate[]): { pod: string } | { refusal: string } | null;
}

/** Scores closer than this are one score; sums of weighted fractions differ in their last bits. */
const EQUAL = 1e-9;

/**
 * An endpoint picker of the KServe v0.15 era (gateway-api-inference-extension 1.2, llm-d-inference-scheduler 0.4):
 * weighted sum of scorers, highest score wins, ties are drawn. Its prefix blocks follow the pods' own with
 * `autoTune`: tokens per block times four characters.
 */
export function createPicker(options: {
  scorers: readonly { name: string; weight: number }[];
  random: Random;
}): Picker {
  const { random } = options;
  const scorers = options.scorers.flatMap(({ name, weight }) => {
    const score = SCORERS[name];
    return score ? [{ score, weight }] : [];
  });
  const index = createPrefixIndex();
  const lastCold = new Map<string, number>();
  let colds = 0;

  return {
    pick: (body, candidates) => {
      if (candidates.length === 0) return null;
      const request = body.length === 0 ? { text: '', model: '', salt: '' } : readRequest(body);
      if ('refusal' in request) return request;
      index.keep(candidates.map(({ name }) => name));
      const hashes = promptHashes({ ...request, characters: candidates[0]!.blockSize * CHARACTERS_PER_TOKEN });
      const pods = candidates.map(({ name, queue, kvUsage }) => {
        const prefixMatch = hashes.length === 0 ? 0 : index.matched(name, hashes) / hashes.length;
        return { queue, kvUsage, prefixMatch, lastCold: lastCold.get(name) ?? 0 };
      });
      const totals = candidates.map(() => 0);
      for (const { score, weight } of scorers) {
        for (const [pod, value] of score(pods).entries()) totals[pod]! += weight * value;
      }
      const best = Math.max(...totals);
      const tied = candidates.filter((_, pod) => totals[pod]! > best - EQUAL);
      const chosen = tied[Math.floor(random() * tied.length)]!;
      if (pods.every(({ prefixMatch }) => prefixMatch === 0)) lastCold.set(chosen.name, ++colds);
      index.record(chosen.name, hashes);
      return { pod: chosen.name };
    },
  };
}

/** The parts of a request that the picker hashes: the prompt as it stands, or a chat's messages as JSON. */
function readRequest(body: Buffer): { text: string; model: string; salt: string } | { refusal: string } {
  let json: Record<string, unknown>;
  try {
    json = JSON.parse(body.toString());
  } catch {
    return { refusal: 'inference gateway: BadRequest - Error unmarshaling request body' };
  }
  if (typeof json?.model !== 'string' || json.model === '') {
    return { refusal: 'inference gateway: BadRequest - model not found in request body' };
  }
  const { prompt, messages, cache_salt: salt } = json;
  const text = typeof prompt === 'string' ? prompt : JSON.stringify(prompt ?? messages ?? '');
  return { text, model: json.model, salt: typeof salt === 'string' ? salt : '' };
}
