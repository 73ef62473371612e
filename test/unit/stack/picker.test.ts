import { describe, expect, it } from 'vitest';
import { scorersOf } from '../../../src/stack/picker.ts';

const CONFIG = `apiVersion: inference.networking.x-k8s.io/v1alpha1
kind: EndpointPickerConfig
plugins:
  - type: single-profile-handler
  - type: prefix-cache-scorer
    parameters: { blockSize: 64 }
  - name: load
    type: load-aware-scorer
  - type: max-score-picker
schedulingProfiles:
  - name: default
    plugins:
      - pluginRef: prefix-cache-scorer
        weight: 2.0
      - pluginRef: load
      - pluginRef: max-score-picker
`;
const SCORERS = [
  { name: 'prefix-cache-scorer', weight: 2 },
  { name: 'load-aware-scorer', weight: 1 },
];

describe('the scorers of the endpoint picker', () => {
  it.each<[string, string[]]>([
    ['in two arguments', ['--v=2', '--config-text', CONFIG, '--secure-serving']],
    ['in one argument', [`--config-text=${CONFIG}`]],
    ['in KServe v0.16’s spelling', ['--configText', CONFIG]],
    ['with one hyphen', ['-config-text', CONFIG]],
    [
      'as JSON',
      [
        '--config-text',
        JSON.stringify({
          plugins: [{ type: 'prefix-cache-scorer' }, { name: 'load', type: 'load-aware-scorer' }],
          schedulingProfiles: [{ plugins: [{ pluginRef: 'prefix-cache-scorer', weight: 2 }, { pluginRef: 'load' }] }],
        }),
      ],
    ],
  ])('are read %s', (_, args) => {
    expect(scorersOf(args)).toEqual(SCORERS);
  });

  it('are those in use, not all that are declared', () => {
    const unused = CONFIG.replace('      - pluginRef: prefix-cache-scorer\n        weight: 2.0\n', '');
    expect(scorersOf(['--config-text', unused])).toEqual([{ name: 'load-aware-scorer', weight: 1 }]);
  });

  it.each<[string, string[]]>([
    ['there is no configuration', ['--v=2']],
    ['the argument is the last word', ['--config-text']],
    ['it is in a file', ['--config-file', '/etc/config.yaml']],
    ['it is not YAML', ['--config-text', 'plugins: [']],
    ['it is only words', ['--config-text', 'default']],
    ['an entry has no type', ['--config-text', 'plugins: [null, 7]\nschedulingProfiles: [{plugins: [null, {}]}]']],
    ['its plugins are no list', ['--config-text', 'plugins: x\nschedulingProfiles: []']],
    ['its profile is no list', ['--config-text', 'plugins: []\nschedulingProfiles: [{plugins: {a: b}}]']],
    ['it is a bomb', ['--config-text', 'a: &a [x]\nplugins: *a\nschedulingProfiles: *a']],
  ])('are not known when %s', (_, args) => {
    expect(scorersOf(args)).toBeNull();
  });

  it('are all that are declared where it has no profiles, each at weight 1', () => {
    const text = 'plugins: [{type: prefix-cache-scorer}, {type: queue-scorer}, {type: max-score-picker}]';
    expect(scorersOf(['--config-text', text])).toEqual([
      { name: 'prefix-cache-scorer', weight: 1 },
      { name: 'queue-scorer', weight: 1 },
    ]);
  });

  it('are read through aliases and merge keys', () => {
    const text = `
plugins:
  - &prefix {type: prefix-cache-scorer}
  - {<<: *prefix, name: again}
schedulingProfiles:
  - name: default
    plugins: &refs [{pluginRef: again, weight: 3}]
`;
    expect(scorersOf(['--config-text', text])).toEqual([{ name: 'prefix-cache-scorer', weight: 3 }]);
  });

  const split = (parameters: string) => `
plugins:
  - type: pd-profile-handler
    parameters: ${parameters}
  - type: queue-scorer
  - type: prefix-cache-scorer
schedulingProfiles:
  - name: prefill
    plugins: [{pluginRef: queue-scorer, weight: 5}]
  - name: decode
    plugins: [{pluginRef: prefix-cache-scorer, weight: 2}]
`;

  it.each([
    ['decode', '{threshold: 0}', 'prefix-cache-scorer'],
    ['the profile of a parameter', '{decodeProfile: prefill}', 'queue-scorer'],
  ])('of prefill and decode are those of %s, which chooses who answers', (_, parameters, scorer) => {
    expect(scorersOf(['--config-text', split(parameters)])?.map(({ name }) => name)).toEqual([scorer]);
  });
});
