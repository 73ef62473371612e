import { LAB } from '../../lab/lab.ts';
import type { ActRun, Repository } from './act.ts';

/** Nodes that are left, and the sizes that the pool was asked for, in order. */
export async function nodesOf(repository: Repository): Promise<{ left: string[]; sizes: number[] }> {
  const { gcp } = await repository.lab.record();
  return { left: gcp.nodes[LAB.nodePool] ?? [], sizes: gcp.resizes.map(({ nodeCount }) => nodeCount) };
}

/** An event of a pull request. The last of its `labels` is that of an event of action `labeled`. */
export function pull(action: string, labels: string[] = [], head: string = LAB.repository) {
  return {
    name: 'pull_request',
    payload: {
      action,
      ...(action === 'labeled' ? { label: { name: labels.at(-1) } } : {}),
      number: LAB.pullRequest,
      pull_request: {
        number: LAB.pullRequest,
        head: { sha: 'c0ffee1'.padEnd(40, '0'), ref: 'faster', repo: { full_name: head } },
        base: { ref: 'main', repo: { full_name: LAB.repository } },
        labels: labels.map((name) => ({ name })),
      },
    },
  };
}

/** The end of a run's log, for what went wrong. */
export const why = ({ log }: ActRun): string => log.split('\n').slice(-150).join('\n');

/** A comment on the pull request that holds the commit `head`. */
export function commentOn(body: string, author = 'octocat') {
  return {
    name: 'issue_comment',
    payload: {
      action: 'created',
      comment: { id: 3_100_000_009, body, user: { login: author } },
      issue: { number: LAB.pullRequest, pull_request: {} },
    },
  };
}

/** Sets at GitHub which commits the pull request is of. Returns the head. */
export async function openPull(repository: Repository): Promise<string> {
  const { head, base: mergeBase } = repository.commits();
  await fetch(`${repository.lab.github.controlUrl}/pulls/${LAB.pullRequest}`, {
    method: 'PUT',
    body: JSON.stringify({ head, mergeBase }),
  });
  return head;
}
