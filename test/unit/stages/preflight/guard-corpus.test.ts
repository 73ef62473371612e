import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadManifests, type Manifest } from '../../../../src/clients/files/manifests.ts';
import type { KubeObject } from '../../../../src/clients/kubernetes/objects.ts';
import { guard, guardFailure } from '../../../../src/stages/preflight/guard.ts';
import { HOSTILE, MORE_KINDS } from '../../../fixtures/guard/hostile.ts';
import { BASE_NAMES, changed } from '../../../fixtures/guard/objects.ts';
import { someInputs } from '../fakes.ts';

const NAMESPACE = 'serving';
const WIDE = { namespace: NAMESPACE, 'allowed-kinds': MORE_KINDS };

function refusals(object: KubeObject, inputs: Readonly<Record<string, string>> = {}) {
  const metadata = { namespace: NAMESPACE, ...object.metadata };
  const manifest = (each: KubeObject): Manifest => ({ object: each, file: 'm.yaml', line: 1 });
  // A service stands beside every other object, for the names that belong to its stack.
  const beside =
    object.kind === 'LLMInferenceService' ? [] : [manifest(changed('service', { 'metadata/namespace': NAMESPACE }))];
  return guard([...beside, manifest({ ...object, metadata })], someInputs({ ...WIDE, ...inputs }).guard);
}

describe('an object that harms nobody', () => {
  it.each(BASE_NAMES)('is taken: %s', (base) => {
    expect(refusals(changed(base, {}))).toEqual([]);
  });
});

const HONEST = join(import.meta.dirname, '../../../fixtures/guard/honest');

/** The inputs that a maintainer would widen for it, of the first line: `# inputs: allowed-kinds=Job,Service`. */
function inputsOf(file: string): Record<string, string> {
  const [, line = ''] = /^# inputs: (.*)$/m.exec(readFileSync(join(HONEST, file), 'utf8')) ?? [];
  return Object.fromEntries(line.split(' ').flatMap((each) => (each ? [each.split('=') as [string, string]] : [])));
}

describe('manifests of KServe and llm-d', () => {
  const files = readdirSync(HONEST).sort();

  it.each(files)('are taken: %s', async (path) => {
    const manifests = await loadManifests({ path, root: HONEST, namespace: NAMESPACE, env: {} });
    expect(guard(manifests, someInputs({ namespace: NAMESPACE, ...inputsOf(path) }).guard)).toEqual([]);
  });

  it('are at least 40, most of them without a wider input', () => {
    expect(files.length).toBeGreaterThanOrEqual(40);
    expect(files.filter((file) => Object.keys(inputsOf(file)).length === 0).length).toBeGreaterThanOrEqual(28);
  });
});

describe('an object that', () => {
  it.each(HOSTILE.map((each) => [each[0], each] as const))('%s is refused', (_, [, rule, base, changes, inputs]) => {
    const found = refusals(changed(base, changes), inputs);
    expect(found.map((each) => each.rule)).toContain(rule);
  });
});

describe('the corpus of refusals', () => {
  it('has at least 120 cases, each with its own name', () => {
    const titles = HOSTILE.map(([title, , base]) => `${base} ${title}`);
    expect(new Set(titles).size).toBe(titles.length);
    expect(titles.length).toBeGreaterThanOrEqual(120);
  });

  it('names file, field and remedy in each sentence, in printable ASCII', () => {
    for (const [, , base, changes, inputs] of HOSTILE) {
      const found = refusals(changed(base, changes), inputs);
      const { message } = guardFailure(found);
      expect(message).toMatch(/^The manifests are refused: m\.yaml:1: [\x20-\x7e\u2019]+\.$/);
      for (const { rule, message: sentence } of found.filter((each) =>
        ['field', 'value', 'reference'].includes(each.rule),
      )) {
        expect(`${rule}: ${sentence}`).toMatch(
          /; "allowed-(fields|references)" may add \S|: only the cluster sets it$/,
        );
      }
    }
  });
});
