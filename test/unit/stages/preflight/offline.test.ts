import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../../../src/clients/files/manifests.ts';
import { loadManifests } from '../../../../src/clients/files/manifests.ts';
import type { PreflightCheck } from '../../../../src/report/model.ts';
import { blockTokens, checkOffline } from '../../../../src/stages/preflight/offline.ts';
import { preflightTable } from '../../../../src/stages/preflight/table.ts';
import { ROOT } from '../../manifests/files.ts';
import { someInputs } from '../fakes.ts';

const NAMESPACE = 'llm-d-inference-scheduling';

/** Pattern 3 as it ships, with a change of its service. */
async function pattern3(change: (text: string) => string = (text) => text): Promise<Manifest[]> {
  const manifests = await loadManifests({
    path: 'manifests/pattern3',
    root: ROOT,
    namespace: NAMESPACE,
    env: process.env,
  });
  return manifests.map((manifest) =>
    manifest.object.kind === 'LLMInferenceService'
      ? { ...manifest, object: JSON.parse(change(JSON.stringify(manifest.object))) }
      : manifest,
  );
}

async function check(
  manifests: Manifest[],
  inputs: Record<string, string> = {},
): Promise<{ lines: Record<string, PreflightCheck>; error: unknown }> {
  let list: readonly PreflightCheck[] = [];
  const note = (lines: readonly PreflightCheck[]) => {
    list = lines;
  };
  const table = preflightTable(note, new AbortController().signal);
  await checkOffline(table, manifests, someInputs({ namespace: NAMESPACE, ...inputs }));
  let error: unknown = null;
  try {
    table.settle();
  } catch (caught) {
    error = caught;
  }
  return { lines: Object.fromEntries(list.map((line) => [line.id, line])), error };
}

describe('what the manifests tell by themselves', () => {
  it('is in order for Pattern 3 as it ships', async () => {
    const { lines, error } = await check(await pattern3());
    expect(error).toBeNull();
    expect(Object.values(lines).map(({ outcome }) => outcome)).toEqual(Array(7).fill('pass'));
    expect(lines.probes?.seen).toBe('3 for HTTPS on port 8000');
    expect(lines.workload?.seen).toBe('640 tokens, 5 blocks of 128');
  });

  it.each<[string, [string, string], string, string]>([
    [
      'a flag that no release has',
      ['--enable-prefix-caching', '--enable-prefix-caching --scorer-weights=3'],
      'vllm-flags',
      'bad-flag',
    ],
    [
      'a probe of another scheme',
      ['"path":"/v1/models","port":8000,"scheme":"HTTPS"', '"path":"/v1/models","port":8000,"scheme":"HTTP"'],
      'probes',
      'bad-probe',
    ],
    [
      'a probe of another port',
      ['"path":"/v1/models","port":8000', '"path":"/v1/models","port":8080'],
      'probes',
      'bad-probe',
    ],
    ['a server of another port', ['--port=8000', '--port=8001'], 'probes', 'bad-probe'],
    [
      'a sequence too short for the prompts',
      ['--max-model-len=2048', '--max-model-len=512'],
      'workload',
      'prompt-too-long',
    ],
    [
      'a scorer that is not declared',
      ['pluginRef: queue-scorer', 'pluginRef: latency-scorer'],
      'picker-config',
      'bad-picker-config',
    ],
    [
      'a configuration of the picker that is no YAML',
      ['kind: EndpointPickerConfig', 'kind: [EndpointPickerConfig'],
      'picker-config',
      'bad-picker-config',
    ],
    [
      'a null entry in the profile of the picker',
      ['- pluginRef: queue-scorer', '-\\n          - pluginRef: queue-scorer'],
      'picker-config',
      'bad-picker-config',
    ],
    ['one replica', ['"replicas":3', '"replicas":1'], 'service', 'too-few-replicas'],
  ])('is refused with %s', async (_, [from, to], id, code) => {
    const { lines, error } = await check(await pattern3((text) => text.replace(from, to)));
    expect(lines[id]).toMatchObject({ outcome: 'fail', code });
    expect(error).toMatchObject({ code, evidence: { file: 'manifests/pattern3/llminferenceservice.yaml' } });
  });

  it('warns of a flag that newer releases refuse, and of a probe that a compilation outlasts', async () => {
    const { lines } = await check(
      await pattern3((text) =>
        text
          .replace('--enable-prefix-caching', '--disable-log-requests')
          .replace('"failureThreshold":150', '"failureThreshold":30'),
      ),
    );
    expect(lines['vllm-flags']).toMatchObject({
      outcome: 'warning',
      seen: expect.stringContaining('--disable-log-requests'),
    });
    expect(lines.probes).toMatchObject({ outcome: 'warning', seen: expect.stringContaining('after 300 s') });
  });

  it('takes a configuration of the picker without profiles, whose default has all plugins', async () => {
    const { lines, error } = await check(
      await pattern3((text) => text.replace(/schedulingProfiles:.*?max-score-picker\\n(?="|\\n)/s, '')),
    );
    expect(error).toBeNull();
    expect(lines['picker-config']).toMatchObject({ outcome: 'pass', seen: 'prefix-cache-scorer 1, queue-scorer 1' });
  });

  it('warns of a field that a picker does not know, at which its strict reader ends', async () => {
    const { lines } = await check(await pattern3((text) => text.replace('schedulingProfiles:', 'profiles:')));
    expect(lines['picker-config']).toMatchObject({
      outcome: 'warning',
      seen: expect.stringContaining('field profiles'),
    });
  });

  it('warns of a picker that scores no prefix', async () => {
    const { lines } = await check(
      await pattern3((text) => text.replace(/- pluginRef: prefix-cache-scorer\\n\s+weight: 3\\n\s+/, '')),
    );
    expect(lines['picker-config']).toMatchObject({
      outcome: 'warning',
      seen: 'queue-scorer 2: prefixes will not stick',
    });
  });

  it('does not take a flag that is commented out, or a longer one, for the bad one', async () => {
    const { error } = await check(
      await pattern3((text) =>
        text
          .replace('exec python3', '# --scorer-weights=3\\nexec python3')
          .replace('--enable-prefix-caching', '--scorer-weights-file=x'),
      ),
    );
    expect(error).toBeNull();
  });

  it('tells all that is wrong at once', async () => {
    const { error } = await check(
      await pattern3((text) => text.replace('--enable-prefix-caching', '--scorer-weights=3')),
      { 'prompt-tokens': '100' },
    );
    expect(error).toMatchObject({
      code: 'bad-flag',
      message: expect.stringMatching(
        /^2 of 7 preflight checks failed: vLLM has no --scorer-weights.*; Prompts of 100 tokens/,
      ),
    });
  });

  it('takes prompts of the user’s own as they are', async () => {
    const { lines } = await check(await pattern3(), { prompts: 'mine.jsonl', 'prompt-tokens': '16' });
    expect(lines.workload).toMatchObject({ outcome: 'pass', seen: 'your own, with 16 tokens to answer' });
  });
});

it.each([
  [512, 32],
  [1_024, 64],
  [2_048, 128],
  [3_000, 256],
  [4_096, 256],
  [8_192, 256],
  [16_384, 16],
])('a longest sequence of %i tokens makes blocks of %i, as measured on TPU', (longest, block) => {
  expect(blockTokens(longest)).toBe(block);
});
