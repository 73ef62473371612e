import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { crdTexts } from '../../fixtures/crds.ts';
import { parseBlocks } from '../../fixtures/yaml-blocks.ts';

it.each(['managed-prometheus', 'inference-extension'] as const)(
  'reads the definitions of %s as the parser of YAML does',
  (folder) => {
    for (const { text } of crdTexts(folder)) expect(parseBlocks(text)).toEqual(parse(text));
  },
);

it('leaves to the parser what is no simple block', () => {
  const text = [
    '# a comment',
    '"quoted/key": 1',
    'none:',
    'empty: {}',
    'list:',
    '- a: "b: c"',
    "  rule: 'self.type == ''Hostname'' ? (true):",
    "    false'",
    '- - nested',
    '  - 2',
    '- words that go on',
    '  in the next line',
    'deeper:',
    '  words: that go on',
    '    here',
    '  block: |-',
    '    key: no key',
    '',
    '    - no item',
    '  folded:',
    '    words below',
    '    their key',
    '  flow: [1, true, null, "2"]',
    '',
  ].join('\n');
  expect(parseBlocks(text)).toEqual(parse(text));
});
