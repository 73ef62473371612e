import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadManifests } from '../../src/clients/files/manifests.ts';

let root = '';
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'kubectl-')));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const map = (name: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n`;
const list = (...names: string[]) => `resources:\n${names.map((name) => `  - ${name}\n`).join('')}`;

async function load(tree: Record<string, string>) {
  for (const [name, text] of Object.entries(tree)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
  return loadManifests({ path: 'deploy', root, namespace: 'serving', env: process.env });
}

describe('a kustomization that transforms', () => {
  it('is rendered by kubectl', async () => {
    const manifests = await load({
      'deploy/kustomization.yaml': `namePrefix: x-\n${list('z.yaml', '../base')}`,
      'deploy/z.yaml': map('z'),
      'base/kustomization.yml': list('b.yaml'),
      'base/b.yaml': map('b'),
    });
    const shown = manifests.map(({ object, file, line }) => [
      file,
      line,
      object.metadata.namespace,
      object.metadata.name,
    ]);
    expect(shown.sort()).toEqual([
      ['deploy', null, 'serving', 'x-b'],
      ['deploy', null, 'serving', 'x-z'],
    ]);
  });

  it('that kubectl refuses is refused in its words', async () => {
    const refused = load({ 'deploy/kustomization.yaml': `namePrefix: x-\n${list('gone.yaml')}` });
    await expect(refused).rejects.toThrow(/^kubectl kustomize deploy failed: .*gone\.yaml/);
  });
});
