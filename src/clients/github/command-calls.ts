import { COMPARED, PERMISSION, PULL_REQUEST_ENDS, REACTION, STATUS, WRITTEN } from './answers.ts';
import { guarded, statusOf } from './errors.ts';
import { octokitFor } from './octokit.ts';
import { asking, callingWith, type GithubAccess } from './retry.ts';

export type Reaction = 'eyes' | '+1' | '-1' | 'confused';
export type CommitState = 'pending' | 'success' | 'failure' | 'error';

/** The two ends of a pull request at one moment. */
export interface PullRequestEnds {
  /** `open` or `closed`. */
  state: string;
  sha: string;
  /** `owner/name` of the head; null where that repository is gone. */
  headRepository: string | null;
  base: string;
}

export interface CommandCalls {
  /** `admin`, `write`, `read` or `none`: GitHub's own answer, in which `maintain` is `write` and `triage` is `read`. */
  permissionOf(login: string): Promise<string>;
  ends(pullRequest: number): Promise<PullRequestEnds>;
  /** The commit that a head has in common with its base branch. */
  mergeBase(base: string, head: string): Promise<string>;
  react(comment: number, content: Reaction): Promise<void>;
  /** Tried once: after an unclear answer a second try could double it. */
  reply(pullRequest: number, body: string): Promise<void>;
  setStatus(sha: string, status: { state: CommitState; description: string; url: string | null }): Promise<void>;
}

/** Name of the status among those of a commit. */
export const STATUS_CONTEXT = 'tpu-serving-gate/measure';

/** What a command in a comment needs of GitHub's API. Throws a Failure that names the permission that is missing. */
export function createCommandCalls(access: GithubAccess): CommandCalls {
  const [owner = '', repo = ''] = access.repository.split('/');
  const { issues, pulls, reactions, repos } = octokitFor(access).rest;
  const place = { owner, repo };
  const writing = callingWith(access, 'pull-requests: write');
  const reading = callingWith(access, 'contents: read');
  return {
    permissionOf: (login) => {
      const doing = 'reading the permission of the commenter';
      const { repository, signal } = access;
      return guarded({ repository, signal, permission: 'contents: read' }, doing, () =>
        asking(
          PERMISSION,
          (inner) => repos.getCollaboratorPermissionLevel({ ...place, username: login, request: { signal: inner } }),
          access,
        ).then(
          ({ permission }) => permission,
          (error: unknown) => {
            if (statusOf(error) === 404) return 'none';
            throw error;
          },
        ),
      );
    },
    ends: (pullRequest) =>
      writing(`reading pull request ${pullRequest}`, PULL_REQUEST_ENDS, (inner) =>
        pulls.get({ ...place, pull_number: pullRequest, request: { signal: inner } }),
      ).then(({ state, head, base }) => ({
        state,
        sha: head.sha,
        headRepository: head.repo?.full_name ?? null,
        base: base.sha,
      })),
    mergeBase: (base, head) =>
      reading('comparing the pull request with its base', COMPARED, (inner) =>
        repos.compareCommitsWithBasehead({ ...place, basehead: `${base}...${head}`, request: { signal: inner } }),
      ).then(({ merge_base_commit: { sha } }) => sha),
    async react(comment, content) {
      await writing('the reaction to the comment', REACTION, (inner) =>
        reactions.createForIssueComment({ ...place, comment_id: comment, content, request: { signal: inner } }),
      );
    },
    async reply(pullRequest, body) {
      await writing(
        'the reply to the comment',
        WRITTEN,
        (inner) => issues.createComment({ ...place, issue_number: pullRequest, body, request: { signal: inner } }),
        'once',
      );
    },
    async setStatus(sha, { state, description, url }) {
      await callingWith(access, 'statuses: write')('the status of the commit', STATUS, (inner) =>
        repos.createCommitStatus({
          ...place,
          sha,
          state,
          context: STATUS_CONTEXT,
          description: description.slice(0, 140),
          ...(url ? { target_url: url } : {}),
          request: { signal: inner },
        }),
      );
    },
  };
}
