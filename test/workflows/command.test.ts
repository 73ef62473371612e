import { afterEach, expect, it } from 'vitest';
import { LAB } from '../../lab/lab.ts';
import { type Repository, startRepository } from './act.ts';
import { commentOn, nodesOf, openPull, why } from './pull.ts';

let repository: Repository;
afterEach(() => repository?.stop());

const github = async () => (await repository.lab.record()).github;

it('a command of somebody who may only read costs nothing, and gets a reply', async () => {
  repository = await startRepository('pass');
  await openPull(repository);
  const run = await repository.run('measure.yml', commentOn('/measure', 'stranger'));
  expect(run.jobs, why(run)).toEqual({ command: true });
  const { gcp, kube } = await repository.lab.record();
  expect([gcp.requests, kube.requests]).toEqual([[], []]);
  const { comments, statuses } = await github();
  expect(comments.map(({ body }) => body)).toEqual(['`/measure` needs write access to this repository.']);
  expect(statuses).toEqual([]);
});

it('a command without nodes to be had ends with its cause on the commit, and none of them left', async () => {
  repository = await startRepository('stockout');
  const head = await openPull(repository);
  const run = await repository.run('measure.yml', commentOn('/measure pairs=4-8'));
  expect(run.jobs, why(run)).toEqual({ command: true, measure: false, conclude: true });
  expect((await nodesOf(repository)).left).toEqual([]);
  const { comments, reactions, statuses } = await github();
  expect(statuses.map(({ sha, state }) => [sha, state])).toEqual([
    [head, 'pending'],
    [head, 'error'],
  ]);
  expect(reactions.map(({ content }) => content)).toEqual(['eyes', 'confused']);
  expect(comments).toMatchObject([{ pullRequest: LAB.pullRequest }]);
  expect(JSON.parse(repository.stored('gate-1', 'result.json') ?? '{}')).toMatchObject({
    verdict: 'error',
    diagnosis: { cause: 'gke.stockout' },
  });
});
