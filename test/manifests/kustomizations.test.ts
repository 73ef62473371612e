import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { filesBelow, type Json, MANIFESTS, objectsBelow, objectsOf, pattern } from './files.ts';

/** Beside the kustomization, but never applied. */
const NOT_APPLIED: Record<string, string[]> = { pattern1: ['baseline.json', 'retire.yaml'] };
const FOLDERS = [
  'pattern1',
  'pattern3',
  ...['default-deny', 'envoyfilter', 'upstream-kserve'].map((name) => `components/${name}`),
];

const kubectl = spawnSync('kubectl', ['kustomize', '--help']).status === 0;
if (!kubectl) console.warn('NOT CHECKED: kubectl is not on PATH, so no kustomization was rendered by it.');

function render(folder: string): Json[] {
  const { status, stdout, stderr } = spawnSync('kubectl', ['kustomize', folder], { encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  return parseAllDocuments(stdout).map((document) => document.toJS());
}

const identity = (object: Json) => `${object.kind} ${object.metadata.namespace ?? '-'}/${object.metadata.name}`;

describe('every file', () => {
  it.each(FOLDERS)('%s holds Kubernetes objects in valid YAML', (folder) => {
    for (const object of objectsBelow(folder)) {
      expect(object).toMatchObject({ apiVersion: expect.any(String), kind: expect.any(String) });
      expect(object.metadata.name).toMatch(/^[a-z0-9-]+$/);
    }
  });

  it.each(FOLDERS)('%s lists exactly the files that are there, and nothing else', (folder) => {
    const [kustomization] = objectsOf(`${folder}/kustomization.yaml`);
    const component = folder.startsWith('components/');
    expect(Object.keys(kustomization).sort()).toEqual(['apiVersion', 'kind', 'resources']);
    expect(kustomization.kind).toBe(component ? 'Component' : 'Kustomization');
    const apart = ['kustomization.yaml', ...(NOT_APPLIED[folder] ?? [])];
    expect([...kustomization.resources].sort()).toEqual(filesBelow(folder).filter((file) => !apart.includes(file)));
  });

  it('leaves the namespace of the workload to the caller', () => {
    const placed = FOLDERS.flatMap(objectsBelow).filter((object) => object.metadata.namespace !== undefined);
    expect(new Set(placed.map(identity))).toEqual(
      new Set([
        'EnvoyFilter opendatahub/inference-pool-ext-proc-pattern3',
        'EnvoyFilter opendatahub/inference-pool-route-body-forwarding',
      ]),
    );
  });
});

describe.runIf(kubectl)('kubectl kustomize', () => {
  it.each(['pattern1', 'pattern3'] as const)('renders %s to what reading the list gives', (name) => {
    const rendered = render(join(MANIFESTS, name));
    expect(rendered).toHaveLength(5);
    expect(rendered.map(identity).sort()).toEqual(pattern(name).map(identity).sort());
    for (const object of pattern(name)) expect(rendered).toContainEqual(object);
  });

  it('renders both patterns with all components, without a name twice', () => {
    const names = render(join(import.meta.dirname, 'fixtures', 'overlay')).map(identity);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toHaveLength(5 + 5 + 1 + 1 + 6);
    expect(names).toContain('NetworkPolicy -/default-deny');
    expect(names).toContain('EnvoyFilter opendatahub/inference-pool-ext-proc-pattern3');
  });
});
