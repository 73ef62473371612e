import { describe, expect, it } from 'vitest';
import { explain } from '../../src/diagnosis/explain.ts';
import { crashedWith } from '../unit/diagnosis/crashed-with.ts';
import { LAST_WORDS, lastWordsOf } from './last-words.ts';

describe('vLLM that cannot start', () => {
  it.each(LAST_WORDS.map((scene) => [scene.name, scene] as const))(
    '%s: its last words have their cause',
    async (_, scene) => {
      const found = explain(await crashedWith(await lastWordsOf(process.env.VLLM_ASSETS as string, scene)));
      expect(found?.cause).toBe(scene.cause);
      for (const text of scene.named) expect(`${found?.explanation} ${found?.deciding}`).toContain(text);
    },
    400_000,
  );
});
