import type { TextStore } from '../files/text-store.ts';
import { BLOB, COMMIT, decoded, MADE_TREE, REF, TREE, theRef } from './answers.ts';
import { guarded, statusOf } from './errors.ts';
import { octokitFor } from './octokit.ts';
import { asking, type GithubAccess, inRounds, pauseBeforeRetry, requestSignal, withRetries } from './retry.ts';

export interface BranchOptions extends GithubAccess {
  /** A branch of its own, without a common ancestor; made by the first write. */
  branch: string;
}

/** The branch as it was at one moment. */
interface Snapshot {
  /** Null while there is no such branch. */
  tip: { commit: string; tree: string } | null;
  /** Path to blob. */
  files: ReadonlyMap<string, string>;
}

/** Two minutes in all: GitHub may answer with an old ref for tens of seconds. */
const ROUNDS = 8;
const LONGEST_MS = 32_000;
const PERMISSION = 'contents: write';

/**
 * A branch written through GitHub's Git data API: no clone, and no checkout is touched. A ref that has moved meanwhile
 * starts the round again from what is there now; nothing is ever forced.
 */
export function branchStore(options: BranchOptions): TextStore {
  const { repository, branch, signal, wait } = options;
  const [owner = '', repo = ''] = repository.split('/');
  const { git } = octokitFor(options).rest;
  const place = { owner, repo };
  const retry = { signal, wait };

  const snapshot = async (): Promise<Snapshot> => {
    const commit = await withRetries(async (inner) => {
      try {
        const { data } = await git.getRef({ ...place, ref: `heads/${branch}`, request: { signal: inner } });
        return decoded(REF, data).object.sha;
      } catch (error) {
        // 409: the repository has no commit at all.
        if (statusOf(error) === 404 || statusOf(error) === 409) return null;
        throw error;
      }
    }, retry);
    if (commit === null) return { tip: null, files: new Map() };
    const found = await asking(
      COMMIT,
      (inner) => git.getCommit({ ...place, commit_sha: commit, request: { signal: inner } }),
      retry,
    );
    const listed = await asking(
      TREE,
      (inner) => git.getTree({ ...place, tree_sha: found.tree.sha, recursive: '1', request: { signal: inner } }),
      retry,
    );
    const blobs = listed.tree.flatMap(({ type, path, sha }) => (type === 'blob' && path && sha ? [[path, sha]] : []));
    return { tip: { commit, tree: found.tree.sha }, files: new Map(blobs as [string, string][]) };
  };

  const text = async (blob: string): Promise<string> => {
    const bytes = await asking(
      BLOB,
      (inner) => git.getBlob({ ...place, file_sha: blob, request: { signal: inner } }),
      retry,
    );
    return bytes.toString('utf8');
  };

  /** Tried once: a part of it repeated alone would build on a parent that is no longer the tip. */
  const write = async (tip: Snapshot['tip'], files: Map<string, string>, message: string): Promise<void> => {
    const request = { signal: requestSignal(signal) };
    const entries = [...files].map(([path, content]) => ({ path, content, mode: '100644', type: 'blob' }) as const);
    const base = tip ? { base_tree: tip.tree } : {};
    const tree = decoded(MADE_TREE, (await git.createTree({ ...place, ...base, tree: entries, request })).data);
    const parents = tip ? [tip.commit] : [];
    const made = await git.createCommit({ ...place, message, tree: tree.sha, parents, request });
    const commit = decoded(COMMIT, made.data);
    const to = { ...place, sha: commit.sha, request };
    const moved = tip
      ? await git.updateRef({ ...to, ref: `heads/${branch}`, force: false })
      : await git.createRef({ ...to, ref: `refs/heads/${branch}` });
    decoded(theRef(commit.sha), moved.data);
  };

  /** What the changes make of the files as they are now, ready to be written. */
  const round = async (changes: Parameters<TextStore['update']>[0], message: string) => {
    const before = await snapshot();
    const files = new Map<string, string>();
    for (const [path, change] of changes) {
      const blob = before.files.get(path);
      const old = blob === undefined ? null : await text(blob);
      const next = change(old ?? '');
      if (next !== old) files.set(path, next);
    }
    if (files.size === 0) return async () => {};
    if (!before.tip) files.set('.gitattributes', '*.jsonl merge=union\n');
    return () => write(before.tip, files, message);
  };
  const target = { repository, signal, permission: PERMISSION };

  return {
    read: (folder) =>
      guarded(target, `reading branch ${branch}`, async () => {
        const { files } = await snapshot();
        const own = [...files].filter(([path]) => path.slice(0, path.lastIndexOf('/')) === folder);
        return new Map(await Promise.all(own.map(async ([path, blob]) => [path, await text(blob)] as const)));
      }),
    list: (folder) =>
      guarded(target, `reading branch ${branch}`, async () => {
        const { files } = await snapshot();
        const inside = [...files.keys()].filter((path) => path.startsWith(`${folder}/`));
        return [...new Set(inside.map((path) => path.slice(folder.length + 1).split('/')[0] ?? ''))].sort();
      }),
    update: (changes, message) =>
      guarded(target, `writing branch ${branch}`, () =>
        inRounds(() => round(changes, message), { ...retry, most: ROUNDS, pauseMs: pauseBeforeRound }),
      ),
  };
}

/** A moved ref is 422 or 409; the rest as for any call. Milliseconds, or undefined when trying again is useless. */
function pauseBeforeRound(error: unknown, round: number): number | undefined {
  const status = statusOf(error);
  const moved =
    status === 409 ||
    (status === 422 &&
      /fast.forward|already exists|does not exist|lock ref|reference/i.test(
        error instanceof Error ? error.message : '',
      ));
  if (!moved) return pauseBeforeRetry(error, round);
  return Math.min(LONGEST_MS, 500 * 2 ** (round - 1)) * (0.5 + Math.random());
}
