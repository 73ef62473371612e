import { describe, expect, it } from 'vitest';
import { explain } from '../../../src/diagnosis/explain.ts';
import { recordedText } from '../../vllm/contract.ts';
import { LAST_WORDS } from '../../vllm/last-words.ts';
import { crashedWith } from './crashed-with.ts';

describe('what vLLM wrote before it ended', () => {
  it.each(LAST_WORDS.map((scene) => [scene.name, scene] as const))('%s has its cause', async (name, scene) => {
    const found = explain(await crashedWith(recordedText(`last-words-${name}.txt`)));
    expect([found?.cause, found?.blame, found?.confidence]).toEqual([scene.cause, 'change', 'proven']);
    for (const text of scene.named) expect(found?.explanation).toContain(text);
  });
});
