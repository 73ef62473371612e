import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../../../src/clients/files/manifests.ts';
import { knownPicker } from '../../../../src/stack/picker-plugins.ts';
import { checkPickerConfig, checkPlugins } from '../../../../src/stages/preflight/picker-config.ts';
import { pattern } from '../../manifests/files.ts';

const GIE = 'registry.k8s.io/gateway-api-inference-extension/epp';
const LLM_D = 'ghcr.io/llm-d/llm-d-inference-scheduler';

/** A pattern's service with another configuration or image of its endpoint picker. */
function service(name: 'pattern1' | 'pattern3', change: { image?: string; plugin?: string } = {}): Manifest {
  const object = structuredClone(pattern(name).find(({ kind }) => kind === 'LLMInferenceService'));
  const [picker] = object.spec.router.scheduler.template.containers;
  if (change.image) picker.image = change.image;
  if (change.plugin) {
    picker.args = picker.args.map((arg: string) => arg.replace('plugins:\n', `plugins:\n  - type: ${change.plugin}\n`));
  }
  return { object, file: 'service.yaml', line: 1, lineMatching: (text) => (text.source.includes('type:') ? 9 : null) };
}

const RELEASES = [
  ...['v1.0.0', 'v1.1.0', 'v1.2.0', 'v1.3.1', 'v1.4.0', 'v1.5.0'].map((version) => `${GIE}:${version}`),
  ...['v0.3.2', 'v0.4.0', 'v0.5.1', 'v0.6.1', 'v0.7.1', 'v0.8.0', 'v0.9.0'].map((version) => `${LLM_D}:${version}`),
];

describe.each(['pattern1', 'pattern3'] as const)('%s', (name) => {
  it.each(RELEASES)('declares only plugins of %s', (image) => {
    expect(knownPicker(image)).not.toBeNull();
    expect(checkPickerConfig(service(name, { image }))).toEqual({ seen: 'prefix-cache-scorer 3, queue-scorer 2' });
  });
});

describe('a plugin that the picker does not have', () => {
  it('is refused with its image and its line where the manifest names the image', () => {
    const image = `${GIE}:v1.5.0`;
    expect(() => checkPickerConfig(service('pattern3', { image, plugin: 'no-hit-lru-scorer' }))).toThrow(
      expect.objectContaining({
        code: 'bad-picker-config',
        message: `The configuration of the endpoint picker declares the plugin no-hit-lru-scorer, which GIE's endpoint picker v1.5 (${image}) does not have: it would end at its start, again and again.`,
        evidence: expect.objectContaining({ file: 'service.yaml', line: 9 }),
      }),
    );
    const other = service('pattern3', { image: `${LLM_D}:v0.4.0`, plugin: 'no-hit-lru-scorer' });
    expect(checkPickerConfig(other)).not.toHaveProperty('outcome');
  });

  it.each<[string, string | null, string, string | undefined]>([
    ['running-requests-size-scorer', 'kserve/llmisvc-controller:v0.17.1', 'does not have the plugin', 'warning'],
    ['running-requests-size-scorer', 'kserve/llmisvc-controller:v0.18.0', 'v0.7 has all 5', undefined],
    ['no-hit-lru-scorer', 'kserve/llmisvc-controller:v0.20.0', 'v0.9 has all 5', undefined],
    ['no-hit-lru-scorer', 'kserve/llmisvc-controller:v0.21.0', 'is not known', 'not-checked'],
    ['no-hit-lru-scorer', null, 'is not known', 'not-checked'],
  ])('%s: of the preset of %s, "%s"', (plugin, image, seen, outcome) => {
    const found = image ? [{ namespace: 'kserve', image, flavour: 'upstream' as const, actsOnServices: true }] : [];
    const look = checkPlugins(service('pattern3', { plugin }), { found, hidden: [] });
    expect([look.outcome, look.seen]).toEqual([outcome, expect.stringContaining(seen)]);
  });

  it('is not looked for in an image that nobody has a list of', () => {
    const custom = service('pattern3', { image: 'corp.example/picker:v1.5.0', plugin: 'mine' });
    expect(checkPickerConfig(custom)).not.toHaveProperty('outcome');
    expect(checkPlugins(custom, { found: [], hidden: [] })).toMatchObject({ outcome: 'not-checked' });
  });
});
