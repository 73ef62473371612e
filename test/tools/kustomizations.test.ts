import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { type Json, MANIFESTS, pattern, ROOT } from '../unit/manifests/files.ts';

function render(folder: string): Json[] {
  const { status, stdout, stderr } = spawnSync('kubectl', ['kustomize', folder], { encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  return parseAllDocuments(stdout).map((document) => document.toJS());
}

const identity = (object: Json) => `${object.kind} ${object.metadata.namespace ?? '-'}/${object.metadata.name}`;

describe('kubectl kustomize', () => {
  it.each(['pattern1', 'pattern3'] as const)('renders %s to what reading the list gives', (name) => {
    const rendered = render(join(MANIFESTS, name));
    expect(rendered).toHaveLength(5);
    expect(rendered.map(identity).sort()).toEqual(pattern(name).map(identity).sort());
    for (const object of pattern(name)) expect(rendered).toContainEqual(object);
  });

  it('renders both patterns with all components, without a name twice', () => {
    const names = render(join(ROOT, 'test/unit/manifests/fixtures/overlay')).map(identity);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toHaveLength(5 + 5 + 1 + 1 + 6);
    expect(names).toContain('NetworkPolicy -/default-deny');
    expect(names).toContain('EnvoyFilter opendatahub/inference-pool-ext-proc-pattern3');
  });
});
