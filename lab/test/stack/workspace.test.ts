import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { ManifestFaults } from '../../scenarios/types.ts';
import { makeWorkspace } from '../../workspace.ts';

const SHIPPED = resolve(import.meta.dirname, '../../../manifests');

const made: string[] = [];
afterEach(async () => {
  for (const folder of made.splice(0)) await rm(folder, { recursive: true });
});

async function make(faults: ManifestFaults): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), 'workspace-'));
  made.push(parent);
  const folder = join(parent, 'workspace');
  await makeWorkspace(folder, SHIPPED, faults);
  return folder;
}

async function workspace(faults: ManifestFaults) {
  const folder = await make(faults);
  const read = (name: string) => readFile(join(folder, 'manifests', name), 'utf8');
  const { resources } = parse(await read('kustomization.yaml')) as { resources: string[] };
  return { read, resources };
}

describe('the workspace of a rehearsal', () => {
  it('has Pattern 3 with the faults of the scenario', async () => {
    const { read, resources } = await workspace({
      replace: [['replicas: 3', 'replicas: 2']],
      drop: ['networkpolicies/allow-istio.yaml'],
      add: { 'a.yaml': 'a: 1' },
    });
    expect(await read('llminferenceservice.yaml')).toContain('replicas: 2');
    expect(await read('a.yaml')).toBe('a: 1');
    expect(resources).toContain('a.yaml');
    expect(resources).toContain('llminferenceservice.yaml');
    expect(resources).not.toContain('networkpolicies/allow-istio.yaml');
    await expect(read('networkpolicies/allow-istio.yaml')).rejects.toThrow('ENOENT');
  });

  it('refuses a fault that changes nothing', async () => {
    await expect(make({ replace: [['no such text', '']] })).rejects.toThrow(
      'Pattern 3 has no "no such text" to change',
    );
  });
});
