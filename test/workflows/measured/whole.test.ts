import { afterEach, describe, expect, it } from 'vitest';
import { LAB } from '../../../lab/lab.ts';
import type { Report } from '../../../src/report/model.ts';
import { needsQuiet, ON_A_BUSY_MACHINE } from '../../e2e/quiet.ts';
import { type Repository, startRepository } from '../act.ts';
import { nodesOf, pull, why } from '../pull.ts';

let repository: Repository;
afterEach(() => repository?.stop());

const plain = (text: string) => text.replaceAll('\u00a0', ' ');
const nodes = () => nodesOf(repository);
const github = async () => (await repository.lab.record()).github;

describe('the pull request', () => {
  it(
    'is looked at on a push, and measured when it has the label: comment, artifact, no node left',
    ON_A_BUSY_MACHINE,
    async () => {
      repository = await startRepository('pass');
      const looked = await repository.run('pull-request.yml', pull('synchronize'));
      expect(looked.jobs, why(looked)).toEqual({ preflight: true });
      expect(await nodes()).toEqual({ left: [], sizes: [] });
      // A look that finds nothing says nothing.
      expect((await github()).comments).toEqual([]);

      const measured = await repository.run('pull-request.yml', pull('labeled', ['measure']));
      const stored = JSON.parse(repository.stored('gate-1', 'result.json') ?? '{}') as Report;
      needsQuiet(stored);
      expect(measured.jobs, why(measured)).toEqual({ measure: true });
      expect(await nodes()).toEqual({ left: [], sizes: [3, 0] });
      const { comments } = await github();
      expect(comments).toMatchObject([{ pullRequest: LAB.pullRequest }]);
      expect(plain(comments[0]?.body ?? '')).toMatch(
        /✅ Pass — the same stack as its base, 2\.\d+× the throughput of one replica/,
      );
      expect(comments[0]?.body).toContain('is at 0');
      expect([stored.verdict, stored.mode]).toEqual(['pass', 'validate']);
      expect(repository.artifacts()).toContain('last-pass-18300000002');
    },
  );
});

describe('the night', () => {
  it('ends in a line of history and a page, with no node left', ON_A_BUSY_MACHINE, async () => {
    repository = await startRepository('pass');
    const run = await repository.run('nightly.yml', { name: 'schedule', payload: { schedule: '17 2 * * *' } });
    needsQuiet(JSON.parse(repository.stored('gate-1', 'result.json') ?? '{}'));
    expect(run.jobs, why(run)).toEqual({ measure: true, history: true });
    expect(await nodes()).toEqual({ left: [], sizes: [3, 0] });
    const files = Object.entries((await github()).branches['tpu-bench-data'] ?? {});
    const [[path, text]] = files.filter(([name]) => name.endsWith('.jsonl')) as [[string, string]];
    expect(path).toMatch(/^v1\/default\/\d{4}-\d\d\.jsonl$/);
    expect(JSON.parse(text)).toMatchObject({ v: 1, verdict: 'pass', run: { event: 'schedule' } });
    const page = repository.stored('page-1', 'index.html') ?? '';
    expect(page).toMatch(/<title>Pass: 2\.\d+× \(/);
    // No second of Pages without the variable, no comment without a pull request.
    expect([repository.artifacts().includes('github-pages'), (await github()).comments]).toEqual([false, []]);
  });
});
