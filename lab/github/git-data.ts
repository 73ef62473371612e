import { createHash } from 'node:crypto';
import { type ApiRequest, jsonObject, type Reply } from '../google/http.ts';
import { notPlayed } from './not-played.ts';

interface Commit {
  tree: string;
  parents: string[];
  message: string;
}

/** Objects by their hash, and branches that point at commits. */
export interface GitData {
  blobs: Map<string, string>;
  /** Path to blob. */
  trees: Map<string, Map<string, string>>;
  commits: Map<string, Commit>;
  /** Branch name to commit. */
  heads: Map<string, string>;
  /** Answers from the past that GitHub still gives after a write, by branch. */
  stale: Map<string, (string | null)[]>;
}

export function createGitData(): GitData {
  return { blobs: new Map(), trees: new Map(), commits: new Map(), heads: new Map(), stale: new Map() };
}

/** The files of each branch. */
export function branchesOf({ blobs, trees, commits, heads }: GitData): Record<string, Record<string, string>> {
  return Object.fromEntries(
    [...heads].map(([branch, sha]) => {
      const tree = trees.get(commits.get(sha)?.tree ?? '') ?? new Map<string, string>();
      return [branch, Object.fromEntries([...tree].map(([path, blob]) => [path, blobs.get(blob) ?? '']))];
    }),
  );
}

/**
 * GitHub's Git data API, as docs.github.com/rest/git has it: null for a path that is not of it. After a write the first
 * `staleReads` answers to "where is the branch" are those of before.
 */
export function gitApi(request: ApiRequest, path: string, git: GitData, staleReads: number): Reply | null {
  const [, kind = '', rest = ''] = /^\/git\/(refs?|commits|trees|blobs)(?:\/(.+))?$/.exec(path) ?? [];
  if (!kind) return null;
  const given = jsonObject(request.body);
  if (!given) return problem(400, 'Problems parsing JSON');
  switch (`${request.method} ${kind}`) {
    case 'GET ref':
      return readRef(git, rest);
    case 'POST refs':
      return createRef(git, given, staleReads);
    case 'PATCH refs':
      return moveRef(git, rest, given, staleReads);
    case 'GET commits': {
      const commit = git.commits.get(rest);
      return commit ? { status: 200, body: commitJson(rest, commit) } : problem(404, 'Not Found');
    }
    case 'POST commits':
      return createCommit(git, given);
    case 'GET trees': {
      const tree = git.trees.get(rest);
      return tree ? { status: 200, body: treeJson(rest, tree) } : problem(404, 'Not Found');
    }
    case 'POST trees':
      return createTree(git, given);
    case 'GET blobs': {
      const text = git.blobs.get(rest);
      if (text === undefined) return problem(404, 'Not Found');
      // With line breaks, as GitHub sends it.
      const content = Buffer.from(text).toString('base64').replaceAll(/.{60}/g, '$&\n');
      return { status: 200, body: { sha: rest, size: Buffer.byteLength(text), encoding: 'base64', content } };
    }
    default:
      return notPlayed(request);
  }
}

function readRef(git: GitData, ref: string): Reply {
  const branch = ref.replace(/^heads\//, '');
  const past = git.stale.get(branch)?.shift();
  const sha = past === undefined ? git.heads.get(branch) : past;
  return sha ? { status: 200, body: refJson(branch, sha) } : problem(404, 'Not Found');
}

function createRef(git: GitData, given: Record<string, unknown>, staleReads: number): Reply {
  const branch = /^refs\/heads\/(.+)$/.exec(String(given.ref))?.[1];
  const sha = String(given.sha);
  if (!branch || !git.commits.has(sha)) return problem(422, 'Object does not exist');
  if (git.heads.has(branch)) return problem(422, 'Reference already exists');
  git.stale.set(branch, new Array(staleReads).fill(null));
  git.heads.set(branch, sha);
  return { status: 201, body: refJson(branch, sha) };
}

function moveRef(git: GitData, ref: string, given: Record<string, unknown>, staleReads: number): Reply {
  const branch = ref.replace(/^heads\//, '');
  const sha = String(given.sha);
  const tip = git.heads.get(branch);
  if (!tip) return problem(422, 'Reference does not exist');
  if (!git.commits.has(sha)) return problem(422, 'Object does not exist');
  if (given.force !== true && !descends(git, sha, tip)) return problem(422, 'Update is not a fast forward');
  git.stale.set(branch, new Array(staleReads).fill(tip));
  git.heads.set(branch, sha);
  return { status: 200, body: refJson(branch, sha) };
}

function descends({ commits }: GitData, sha: string, from: string): boolean {
  const open = [sha];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next === from) return true;
    open.push(...(commits.get(next)?.parents ?? []));
  }
  return false;
}

function createTree(git: GitData, given: Record<string, unknown>): Reply {
  const base = given.base_tree === undefined ? new Map<string, string>() : git.trees.get(String(given.base_tree));
  if (!base) return problem(422, 'base_tree is not a valid tree oid');
  const files = new Map(base);
  for (const { path, mode, type, content } of given.tree as Record<string, unknown>[]) {
    if (typeof path !== 'string' || mode !== '100644' || type !== 'blob' || typeof content !== 'string') {
      return problem(422, 'Must supply a valid tree.mode, tree.path and tree.content');
    }
    const sha = hash(`blob ${content}`);
    git.blobs.set(sha, content);
    files.set(path, sha);
  }
  const sha = hash(`tree ${JSON.stringify([...files].sort())}`);
  git.trees.set(sha, files);
  return { status: 201, body: treeJson(sha, files) };
}

function createCommit(git: GitData, given: Record<string, unknown>): Reply {
  const { tree, message, parents = [] } = given as { tree: string; message: string; parents?: string[] };
  if (!git.trees.has(tree)) return problem(422, 'Tree SHA does not exist');
  if (!parents.every((parent) => git.commits.has(parent))) return problem(422, 'Parent SHA does not exist');
  const commit = { tree, message, parents };
  const sha = hash(`commit ${JSON.stringify(commit)} ${git.commits.size}`);
  git.commits.set(sha, commit);
  return { status: 201, body: commitJson(sha, commit) };
}

const refJson = (branch: string, sha: string) => ({ ref: `refs/heads/${branch}`, object: { type: 'commit', sha } });

const commitJson = (sha: string, { tree, parents, message }: Commit) => ({
  sha,
  tree: { sha: tree },
  message,
  parents: parents.map((parent) => ({ sha: parent })),
});

const treeJson = (sha: string, files: ReadonlyMap<string, string>) => ({
  sha,
  truncated: false,
  tree: [...files].map(([path, blob]) => ({ path, mode: '100644', type: 'blob', sha: blob })),
});

function problem(status: number, message: string): Reply {
  return {
    status,
    body: { message, documentation_url: 'https://docs.github.com/rest/git', status: String(status) },
  };
}

function hash(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}
