import { readFile, rm } from 'node:fs/promises';
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

async function workspace(faults: ManifestFaults | null, stack: boolean) {
  const folder = await makeWorkspace(SHIPPED, { faults, stack });
  made.push(folder);
  const read = (name: string) => readFile(join(folder, 'manifests', name), 'utf8');
  const { resources } = parse(await read('kustomization.yaml')) as { resources: string[] };
  return { read, resources };
}

describe('the workspace of a rehearsal', () => {
  it('has Pattern 3 with the faults of the scenario', async () => {
    const { read, resources } = await workspace(
      {
        replace: [['replicas: 3', 'replicas: 2']],
        drop: ['networkpolicies/allow-istio.yaml'],
        add: { 'a.yaml': 'a: 1' },
      },
      false,
    );
    expect(await read('llminferenceservice.yaml')).toContain('replicas: 2');
    expect(await read('a.yaml')).toBe('a: 1');
    expect(resources).toContain('a.yaml');
    expect(resources).toContain('llminferenceservice.yaml');
    expect(resources).not.toContain('networkpolicies/allow-istio.yaml');
    await expect(read('networkpolicies/allow-istio.yaml')).rejects.toThrow('ENOENT');
  });

  it('refuses a fault that changes nothing', async () => {
    await expect(makeWorkspace(SHIPPED, { faults: { replace: [['no such text', '']] }, stack: false })).rejects.toThrow(
      'Pattern 3 has no "no such text" to change',
    );
  });

  it('has on the stack the rules that upstream KServe does not write, and no scorer that its picker lacks', async () => {
    const { read, resources } = await workspace(null, true);
    const rules = resources.filter((name) => /destinationrules/.test(name));
    expect(rules).toHaveLength(1);
    expect(await read(rules[0] as string)).toContain('kind: DestinationRule');
    const service = parse(await read('llminferenceservice.yaml'));
    const { args } = service.spec.router.scheduler.template.containers[0] as { args: string[] };
    const text = args[args.indexOf('--config-text') + 1] as string;
    expect(text).toContain('prefix-cache-scorer');
    expect(text).not.toContain('no-hit-lru-scorer');
  });
});
