import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { explain } from '../../../src/diagnosis/explain.ts';
import { causeBox } from '../../../src/report/comment/cause-box.ts';
import { LAST_WORDS } from '../../vllm/last-words.ts';
import { DOWNLOADS, type Expected } from '../../words/downloads.ts';
import { NEAR_MISSES } from '../../words/near-misses.ts';
import { PICKERS } from '../../words/pickers.ts';
import { READ_OF } from '../../words/read-of.ts';
import { crashedWith, type Writer } from './crashed-with.ts';

interface Text extends Expected {
  writer: Writer;
  text: string | (() => string);
  args?: readonly string[];
}

const FIXTURES = join(import.meta.dirname, '../../fixtures');
const recorded = (path: string) => () => readFileSync(join(FIXTURES, path), 'utf8');

const CORPUS: readonly Text[] = [
  ...LAST_WORDS.map(
    (scene): Text => ({ ...scene, writer: 'vllm', text: recorded(`vllm/last-words-${scene.name}.txt`) }),
  ),
  ...DOWNLOADS.map(
    (scene): Text => ({ ...scene, writer: 'storage-initializer', text: recorded(`last-words/${scene.name}.txt`) }),
  ),
  ...PICKERS.map(
    (scene): Text => ({ ...scene, writer: 'endpoint-picker', text: recorded(`last-words/${scene.name}.txt`) }),
  ),
  ...READ_OF,
  ...NEAR_MISSES,
];
/** What no rule knows. */
const NONE = 'container.crash-loop';

describe('the corpus of last words', () => {
  it.each(CORPUS.map((each) => [each.name, each] as const))('%s has its cause and no other', async (_, each) => {
    const evidence = await crashedWith(typeof each.text === 'string' ? each.text : each.text(), each);
    const found = explain(evidence);
    expect(found?.cause).toBe(each.cause);
    const shown = `${found?.explanation}\n${found?.remedy}\n${found?.deciding}`;
    for (const text of each.named) expect(shown).toContain(text);
    // What a reader sees is a line of that log, and no frame of a traceback.
    expect(found?.deciding).not.toMatch(/File "|Traceback|EngineCore failed to start|initialization failed\. See/);
    const box = causeBox({ ...evidence.report, verdict: 'error', diagnosis: found });
    expect(box).toContain('**Log:**');
  });

  it('has 40 texts with a cause and 15 with none, each under a name of its own', () => {
    expect(CORPUS.filter(({ cause }) => cause !== NONE).length).toBeGreaterThanOrEqual(40);
    expect(CORPUS.filter(({ cause }) => cause === NONE).length).toBeGreaterThanOrEqual(15);
    expect(new Set(CORPUS.map(({ name }) => name)).size).toBe(CORPUS.length);
  });
});
