import { describe, expect, it } from 'vitest';
import { explain } from '../../../src/diagnosis/explain.ts';
import { RULES } from '../../../src/diagnosis/rules/table.ts';
import { aPod, atReady, crashed } from './evidence.ts';
import { FIXTURES } from './fixtures.ts';

const CAUSES = [...new Set(RULES.map(({ cause }) => cause))];
const rulesOf = (cause: string) => RULES.filter((rule) => rule.cause === cause);

it('there are at least 45 causes, and a fixture for each of them and for nothing else', () => {
  expect(CAUSES.length).toBeGreaterThanOrEqual(45);
  expect(Object.keys(FIXTURES).sort()).toEqual([...CAUSES].sort());
});

it('two rules of one cause say the same of it', () => {
  for (const cause of CAUSES) {
    const [first, ...others] = rulesOf(cause);
    // What is found before the lease and what is found after it may be worded for their moment, not blamed differently.
    for (const other of others) expect([other.cause, other.confidence]).toEqual([cause, first?.confidence]);
  }
});

describe.each(CAUSES)('%s', (cause) => {
  const { hit, near } = FIXTURES[cause]!;

  it('is found first where its evidence is, with a remedy for somebody', () => {
    const found = explain(hit);
    expect(found?.cause).toBe(cause);
    expect(found?.title).not.toBe('');
    expect(found?.explanation).not.toMatch(/undefined|null|NaN|\[object/);
    expect(found?.remedy).not.toMatch(/undefined|null|NaN|\[object/);
    expect(found?.remedy.length).toBeGreaterThan(4);
    expect(found?.evidence.join('\n')).not.toMatch(/undefined|NaN|\[object/);
  });

  it('is not found where the evidence nearly is', () => {
    for (const rule of rulesOf(cause)) expect(rule.match(near)).toBeNull();
    expect(explain(near)?.cause).not.toBe(cause);
  });
});

it('no rule fits where nothing is wrong', async () => {
  const { someEvidence } = await import('./evidence.ts');
  expect(explain(someEvidence())).toBeNull();
  for (const rule of RULES) expect([rule.cause, rule.match(someEvidence())]).toEqual([rule.cause, null]);
});

it.each([
  'OSError: /mnt/models: no such directory',
  "OSError: /mnt/models is not a local folder and is not a valid model identifier listed on 'https://huggingface.co/models'",
  "HFValidationError: Repo id must be in the form 'repo_name' or 'namespace/repo_name': '/mnt/models'. Use `repo_type`",
  "ValueError: Invalid repository ID or local directory specified: '/mnt/models'.",
  'OSError: /mnt/models does not appear to have a file named config.json. Checkout the repository for available files.',
])('finds the folder of the model in: %s', (line) => {
  const pods = [aPod('replica', [crashed(line)])];
  const found = explain(atReady({ pods }, 'crash-loop', { pod: 'replica-1', container: 'main' }));
  expect(found?.cause).toBe('vllm.no-model-folder');
  expect(found?.explanation).toContain(' in /mnt/models, ');
});
