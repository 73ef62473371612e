import {
  type Decoder,
  exactly,
  flag,
  isMismatch,
  list,
  matching,
  maybe,
  mismatch,
  name,
  object,
  text,
  type Wanted,
  whole,
} from '../../lib/decode.ts';
import { Failure } from '../../lib/failure.ts';

/**
 * The data of a good answer as what was asked for. Any other throws a Failure without a status of HTTP, which the retries
 * take for a fault that may pass.
 */
export function decoded<T>({ noun, decode }: Wanted<T>, data: unknown): T {
  try {
    return decode(data, '');
  } catch (error) {
    if (!isMismatch(error)) throw error;
    throw new Failure({
      stage: 'report',
      code: 'github-answer',
      message: `GitHub's API sent an answer that is not ${noun}: ${problemOf(data, error)}.`,
      hint: 'Look for a proxy between the runner and the API of GitHub that sends answers of its own.',
      evidence: { retryable: true },
    });
  }
}

/** The client returns what is no JSON as its text. */
function problemOf(data: unknown, error: Error): string {
  if (typeof data !== 'string') return error.message;
  return data.trim() === '' ? 'it is empty' : /^\s*</.test(data) ? 'it is a page of HTML' : 'it is no JSON object';
}

/** Whether an error is of an answer that was not what was asked for. */
export function isBadAnswer(error: unknown): error is Failure {
  return error instanceof Failure && error.code === 'github-answer';
}

const sha = matching(/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/, 'a commit hash');
const address = matching(/^https?:\/\/[^\s<>"]+$/, 'an address');
const time: Decoder<string> = (value, path) => {
  if (!Number.isFinite(Date.parse(text(value, path)))) throw mismatch(path, 'is not a time');
  return value as string;
};

/** Who a token is. */
export const USER = { noun: 'a user', decode: object({ login: name }) };

const issue = object({
  number: whole,
  html_url: address,
  state: text,
  state_reason: maybe(text),
  closed_at: maybe(time),
  body: maybe(text),
  user: maybe(object({ login: text, type: maybe(text) })),
});

/** Issues and pull requests of a repository. */
export const ISSUES = { noun: 'a list of issues', decode: list(issue) };

/** An issue that was written. */
export const WRITTEN_ISSUE = { noun: 'an issue', decode: object({ number: whole, html_url: address }) };

/** A comment that was written. */
export const WRITTEN = { noun: 'a comment', decode: object({ id: whole, html_url: address }) };

/** A deployment that was made. A merge in place of it has a message and no id. */
export const DEPLOYMENT = { noun: 'a deployment', decode: object({ id: whole }) };

/** The state of a deployment that was set. */
export const DEPLOYMENT_STATUS = { noun: 'the status of a deployment', decode: object({ id: whole, state: name }) };

/** The head of a pull request. */
export const PULL_REQUEST = { noun: 'a pull request', decode: object({ head: object({ sha }) }) };

/** Both ends of a pull request. The repository of a head may be gone. */
export const PULL_REQUEST_ENDS = {
  noun: 'a pull request',
  decode: object({
    state: name,
    head: object({ sha, repo: maybe(object({ full_name: name })) }),
    base: object({ sha }),
  }),
};

/** What somebody may do in a repository. */
export const PERMISSION = { noun: 'a permission', decode: object({ permission: name }) };

/** Two commits compared. */
export const COMPARED = { noun: 'a comparison', decode: object({ merge_base_commit: object({ sha }) }) };

/** A reaction that was made, or was there. */
export const REACTION = { noun: 'a reaction', decode: object({ id: whole, content: name }) };

/** The status of a commit that was set. */
export const STATUS = { noun: 'the status of a commit', decode: object({ id: whole, state: name }) };

/** A check run that was written. */
export const CHECK_RUN = { noun: 'a check run', decode: object({ id: whole, html_url: maybe(text) }) };

/** Check runs of a commit, by name. */
export const CHECK_RUNS = {
  noun: 'a list of check runs',
  decode: object({ check_runs: list(object({ id: whole, external_id: maybe(text) })) }),
};

/** One attempt of a workflow run. */
export const RUN = { noun: 'a workflow run', decode: object({ id: whole, status: maybe(name), updated_at: time }) };

/** Where a workflow run comes from. A repository that is gone is null. */
export const RUN_ORIGIN = {
  noun: 'a workflow run',
  decode: object({
    id: whole,
    status: maybe(name),
    event: name,
    head_branch: maybe(text),
    head_sha: sha,
    head_repository: maybe(object({ full_name: name })),
  }),
};

/** A repository. */
export const REPOSITORY = { noun: 'a repository', decode: object({ full_name: name, default_branch: name }) };

/** A branch or a tag. */
export const REF = { noun: 'a branch', decode: object({ object: object({ sha }) }) };

/** A branch that was set to a commit. */
export function theRef(commit: string) {
  return { noun: 'the branch at its new commit', decode: object({ object: object({ sha: exactly(commit) }) }) };
}

/** A commit. */
export const COMMIT = { noun: 'a commit', decode: object({ sha, tree: object({ sha }) }) };

/** A commit with its message. */
export const COMMIT_MESSAGE = { noun: 'a commit', decode: object({ sha, message: text }) };

/** A tree as it was made. */
export const MADE_TREE = { noun: 'a tree', decode: object({ sha }) };

const entry = object({ type: text, path: name, sha: maybe(sha) });
const tree = object({ sha, tree: list(entry), truncated: maybe(flag) });

/** A tree with all that is in it: a part of it would make files look absent that are there. */
export const TREE: Wanted<{ tree: { type: string; path: string; sha: string | undefined }[] }> = {
  noun: 'a whole tree',
  decode(value, path) {
    const read = tree(value, path);
    if (read.truncated) throw mismatch(path, 'was cut off: the branch has too many files');
    return read;
  },
};

const blob = object({ content: text, encoding: text });

/** The bytes of a file. */
export const BLOB: Wanted<Buffer> = {
  noun: 'a file',
  decode(value, path) {
    const { content, encoding } = blob(value, path);
    const packed = content.replace(/\s/g, '');
    if (encoding !== 'base64' || !/^[A-Za-z0-9+/]*={0,2}$/.test(packed)) throw mismatch('content', 'is not base64');
    return Buffer.from(packed, 'base64');
  },
};

const id: Decoder<number> = (value, path) => whole(typeof value === 'string' ? Number(value) : value, path);
const node = object({ fullDatabaseId: id, url: address, body: text, isMinimized: flag, viewerDidAuthor: flag });
const comments = object({
  nodes: list(maybe(node)),
  pageInfo: object({ hasNextPage: flag, endCursor: maybe(text) }),
});

/** One page of a pull request's comments, by GraphQL. */
export const COMMENTS = {
  noun: 'a page of comments',
  decode: object({ repository: object({ pullRequest: object({ comments }) }) }),
};
