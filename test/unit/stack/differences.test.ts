import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadManifests, type Manifest } from '../../../src/clients/files/manifests.ts';
import { stackDifferences } from '../../../src/stack/differences.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const pattern3 = () =>
  loadManifests({
    path: join('manifests', 'pattern3'),
    root: ROOT,
    namespace: 'ns',
    env: {} as Record<string, string>,
  });

/** The stack with texts of it replaced, as an edit of the file would. */
function edited(manifests: Manifest[], ...edits: [from: string, to: string][]): Manifest[] {
  return manifests.map((manifest) => {
    let text = JSON.stringify(manifest.object);
    for (const [from, to] of edits)
      text = text.replaceAll(JSON.stringify(from).slice(1, -1), JSON.stringify(to).slice(1, -1));
    return { ...manifest, object: JSON.parse(text) as Manifest['object'] };
  });
}

const lines = (head: Manifest[], base: Manifest[]) =>
  stackDifferences(head, base).map(
    ({ what, base: before, head: now, isRouting }) => `${isRouting ? '* ' : ''}${what}: ${before} → ${now}`,
  );

describe('what differs between two stacks', () => {
  it('is nothing for the same', async () => {
    expect(lines(await pattern3(), await pattern3())).toEqual([]);
  });

  it.each<[string, [string, string][], string[]]>([
    [
      'an image',
      [['vllm-tpu-rhel9:3.2.5', 'vllm-tpu-rhel9:3.3.0']],
      ['vLLM image: registry.redhat.io/rhaiis/vllm-tpu-rhel9:3.2.5 → registry.redhat.io/rhaiis/vllm-tpu-rhel9:3.3.0'],
    ],
    ['a changed flag', [['--max-model-len=2048', '--max-model-len=4096']], ['vLLM --max-model-len: 2048 → 4096']],
    [
      'a flag that is new and one that is gone',
      [['--enable-prefix-caching', '--enforce-eager']],
      ['vLLM --enforce-eager: null → set', 'vLLM --enable-prefix-caching: set → null'],
    ],
    ['a value behind its flag', [['--dtype=bfloat16', '--dtype float16']], ['vLLM --dtype: bfloat16 → float16']],
    ['a weight of the picker', [['weight: 2', 'weight: 2.5']], ['* weight of queue-scorer: 2 → 2.5']],
    ['the model', [['hf://Qwen/Qwen2.5-3B-Instruct', 'hf://Qwen/Qwen3-4B']], [expect.stringContaining('model.uri')]],
  ])('names %s', async (_, edits, expected) => {
    const base = await pattern3();
    expect(lines(edited(base, ...edits), base)).toEqual(expected);
  });

  it('names replicas, and puts what concerns routing first', async () => {
    const base = await pattern3();
    const head = edited(base, ['weight: 2', 'weight: 3'], ['--dtype=bfloat16', '--dtype=half']).map((manifest) =>
      manifest.object.kind === 'LLMInferenceService'
        ? { ...manifest, object: { ...manifest.object, spec: { ...(manifest.object.spec as object), replicas: 2 } } }
        : manifest,
    );
    const found = lines(head as Manifest[], base);
    expect(found[0]).toMatch(/^\* weight of /);
    expect(found).toContain('replicas: 3 → 2');
    expect(found).toContain('vLLM --dtype: bfloat16 → half');
  });

  it('is bounded, in number and in length', async () => {
    const base = await pattern3();
    const flags = Array.from({ length: 200 }, (_, index) => `--flag-${index}=${'x'.repeat(5_000)}`).join(' ');
    const found = stackDifferences(edited(base, ['--dtype=bfloat16', flags]), base);
    expect(found).toHaveLength(40);
    for (const { head } of found) expect((head ?? '').length).toBeLessThanOrEqual(200);
  });
});
