import { describe, expect, it } from 'vitest';
import { checkLoad } from '../../../../src/stages/preflight/load.ts';
import { stageContext } from '../fakes.ts';

const IMAGE = `docker.io/library/node:24-slim@sha256:${'a'.repeat(64)}`;
const REGISTRIES = 'ghcr.io/llm-d, docker.io/library/node';

function looked(change: Record<string, string> = {}, prompts: string[] | null = null) {
  const inputs = { 'load-from': 'cluster', 'load-image': IMAGE, 'allowed-registries': REGISTRIES, ...change };
  const { context } = stageContext({}, inputs);
  return checkLoad({ ...context, prompts, loadScript: 'x'.repeat(800_000) });
}

describe('load from the cluster', () => {
  it('has as many load clients as the input says, from its image', async () => {
    expect(await looked()).toEqual({ seen: `2 load clients in the cluster, from ${IMAGE}` });
  });

  it.each([
    ['another registry', { 'load-image': `evil.example/node@sha256:${'a'.repeat(64)}` }],
    ['a repository that only begins alike', { 'load-image': `docker.io/library/nodejs@sha256:${'a'.repeat(64)}` }],
    ['registries without it', { 'allowed-registries': 'ghcr.io/llm-d' }],
  ])('may not have an image of %s', async (_title, change) => {
    await expect(looked(change as Record<string, string>)).rejects.toMatchObject({ code: 'load-image' });
  });

  it('finds room for the prompts, or says that there is none', async () => {
    expect(await looked({}, ['short'])).toMatchObject({ seen: expect.any(String) });
    await expect(looked({}, ['long '.repeat(50_000)])).rejects.toMatchObject({ code: 'load-prompts-size' });
  });
});
