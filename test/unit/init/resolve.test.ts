import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createAsker } from '../../../src/clients/runner/ask.ts';
import type { Candidates, World } from '../../../src/init/discover.ts';
import { resolveAnswers } from '../../../src/init/resolve.ts';

const found = (...values: string[]): Candidates => ({ values, problem: null });
const FULL = 'projects/my-project/locations/us-east5-a/clusters/mine';

function world(change: Partial<World> = {}): World {
  return {
    repository: async () => 'my-org/my-repo',
    branch: async () => null,
    project: async () => 'my-project',
    projectNumber: async () => found('123456789012'),
    clusters: async () => found(FULL),
    pools: async () => found('v6e'),
    gateways: async () => found('opendatahub/inference-gateway'),
    admin: () => Promise.reject(new Error('nobody asks')),
    open: () => Promise.reject(new Error('nobody asks')),
    close: async () => {},
    ...change,
  };
}

async function asked(lines: readonly string[], change: Partial<World> = {}) {
  const [input, output] = [new PassThrough(), new PassThrough()];
  let shown = '';
  output.on('data', (chunk: Buffer) => {
    shown += chunk.toString();
  });
  const asker = createAsker(input, output);
  input.end(lines.map((line) => `${line}\n`).join(''));
  const end = await resolveAnswers({ given: {}, world: world(change), asker, gate: 'o/gate@v1' });
  asker.close();
  return { end, shown };
}

const ALL = {
  ...{ repository: 'my-org/my-repo', branch: 'main', namespace: 'llm-d-inference-scheduling' },
  ...{ manifests: 'manifests/pattern3', gate: 'o/gate@v1', project: 'my-project', projectNumber: '123456789012' },
  ...{ cluster: 'mine', location: 'us-east5-a', pool: 'v6e', gateway: 'opendatahub/inference-gateway' },
};
const ENTER = Array.from({ length: 9 }, () => '');

describe('somebody at a terminal', () => {
  it('takes what was found with Enter alone', async () => {
    const { end, shown } = await asked(ENTER);
    expect(end).toEqual({ answers: ALL });
    expect(shown).toContain('Google Cloud project of the cluster. [my-project] > ');
  });

  it('chooses by number or by name, and is asked again after a wrong answer', async () => {
    const two = { pools: async () => found('v5e', 'v6e'), gateways: async () => found('a/one', 'b/two') };
    const lines = [...ENTER.slice(0, 7), 'V6E!', '2', 'b/two'];
    const { end, shown } = await asked(lines, two);
    expect(end).toEqual({ answers: { ...ALL, pool: 'v6e', gateway: 'b/two' } });
    expect(shown).toContain('  1  v5e\n  2  v6e\n[v5e] > --pool is "V6E!"; allowed: the name of a node pool.\n');
  });

  it('types what cannot be looked up', async () => {
    const hidden = { projectNumber: async () => ({ values: [], problem: 'refused' }) };
    const { end, shown } = await asked([...ENTER.slice(0, 5), '999999999999', ...ENTER], hidden);
    expect(end).toEqual({ answers: { ...ALL, projectNumber: '999999999999' } });
    expect(shown).toContain('(it cannot be looked up: refused). > ');
  });

  it('ends where the answers end', async () => {
    const { end } = await asked(['']);
    expect(end).toEqual({ problems: expect.arrayContaining(['--branch is missing: the answers ended.']) });
  });
});

describe('without anybody to ask', () => {
  const alone = (change: Partial<World>, given = {}) =>
    resolveAnswers({ given, world: world(change), asker: null, gate: 'o/gate@v1' });

  it('takes the only value there is', async () => {
    expect(await alone({})).toEqual({ answers: ALL });
  });

  it('names the alternatives, and all that is missing', async () => {
    const end = await alone({ repository: async () => null, pools: async () => found('v5e', 'v6e') });
    expect(end).toEqual({ problems: ['--repository is missing.', '--pool is missing; there are v5e, v6e.'] });
  });

  it('looks for the zone of a cluster that is given by its name', async () => {
    expect(await alone({}, { cluster: 'mine' })).toEqual({ answers: ALL });
    expect(await alone({}, { cluster: 'other' })).toEqual({ problems: ['--cluster is missing.'] });
  });
});
