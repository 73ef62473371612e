import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadManifests } from '../../../../src/clients/files/manifests.ts';
import { HOSTILE_KUSTOMIZATIONS } from '../../../fixtures/guard/kustomizations.ts';
import { withTree } from './tree.ts';

const load = (root: string) =>
  loadManifests({ path: 'deploy', root, namespace: 'serving', env: { PATH: '/nonexistent' } });

describe('a kustomization that fetches, leaves the workspace or runs something is refused without kubectl', () => {
  it('in at least 30 ways', () => {
    expect(new Set(HOSTILE_KUSTOMIZATIONS.map(([title]) => title)).size).toBe(HOSTILE_KUSTOMIZATIONS.length);
    expect(HOSTILE_KUSTOMIZATIONS.length).toBeGreaterThanOrEqual(30);
  });

  it.each(HOSTILE_KUSTOMIZATIONS.map((each) => [each[0], each] as const))('%s', async (_, [, tree, message]) => {
    await withTree(tree, async (root) => {
      await expect(load(root)).rejects.toMatchObject({
        code: 'bad-manifest',
        blame: 'change',
        message: expect.stringMatching(message),
      });
    });
  });

  it.each(['deploy/a.yaml', 'deploy/kustomization.yaml'])('a pipe, which nobody writes to: %s', async (pipe) => {
    const inside = { 'deploy/b.yaml': 'a: b\n' };
    await withTree({ inside }, async (root) => {
      execFileSync('mkfifo', [join(root, pipe)]);
      await expect(load(root)).rejects.toThrow('is not a regular file');
    });
  });
});
