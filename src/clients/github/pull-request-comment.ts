import { compareOrder, type Order } from '../../lib/marker.ts';
import { type CommentCalls, commentCalls, type OwnComment } from './comment-calls.ts';
import { guarded } from './errors.ts';
import { inRounds, pauseBeforeRetry, type RetryOptions, timerWait, type Wait } from './retry.ts';

export interface GithubOptions {
  token: string;
  /** `owner/name` */
  repository: string;
  /** Base of the REST API, as in GITHUB_API_URL. */
  apiUrl?: string;
  signal?: AbortSignal;
  /** How to wait between attempts. */
  wait?: Wait;
}

export interface CommentRequest {
  pullRequest: number;
  /** The id in the body's marker. */
  id: string;
  /** Complete body, marker first; or how to make it from the comment that it replaces, null where there is none. */
  body: string | ((replaced: OwnComment | null) => string);
  order: Order;
}

export interface CommentResult {
  url: string;
  /** `superseded`: a newer run has written already, nothing was changed. */
  action: 'created' | 'updated' | 'unchanged' | 'superseded';
}

export interface Github {
  /** Throws a Failure (`github-permission`, `github-token`, `github-rate-limit`, …). */
  upsertComment(request: CommentRequest): Promise<CommentResult>;
  /** Our comment as it stands, or null. */
  findComment(request: { pullRequest: number; id: string }): Promise<OwnComment | null>;
}

const ROUNDS = 4;

/** A client for one repository's pull-request comments. */
export function createGithub(options: GithubOptions): Github {
  const { repository, signal, wait = timerWait } = options;
  const calls = commentCalls({ token: options.token, repository, apiUrl: options.apiUrl }, { signal, wait });
  const target = { repository, signal };
  return {
    upsertComment: (request) =>
      guarded(target, `writing a comment on #${request.pullRequest}`, () => upsert(calls, request, { signal, wait })),
    findComment: ({ pullRequest, id }) =>
      guarded(
        target,
        `reading the comments of #${pullRequest}`,
        async () => (await calls.list(pullRequest, id))[0] ?? null,
      ),
  };
}

/**
 * One comment per id, whoever else writes at the same time: a newer run's comment is left alone, and of two that were
 * created together the lower id survives.
 */
function upsert(calls: CommentCalls, request: CommentRequest, retry: RetryOptions): Promise<CommentResult> {
  // Listed and yet not found when written to, again and again: that is how GitHub says that the token may not.
  const vanished = Object.assign(new Error('Not Found'), { status: 404 });
  const pauseMs = (error: unknown, round: number) => (error === vanished ? 0 : pauseBeforeRetry(error, round));
  const round = async () => {
    const existing = await calls.list(request.pullRequest, request.id);
    const result = existing.length > 0 ? await writeInto(calls, existing, request) : null;
    return async () => {
      if (result) return result;
      if (existing.length > 0) throw vanished;
      const own = await calls.create(request.pullRequest, bodyOver(null, request));
      return settle(calls, own, request);
    };
  };
  return inRounds(round, { ...retry, most: ROUNDS, pauseMs });
}

/** Into the lowest of our comments; null when it vanished meanwhile. */
async function writeInto(
  calls: CommentCalls,
  existing: OwnComment[],
  request: CommentRequest,
): Promise<CommentResult | null> {
  const newer = existing.find(({ marker }) => compareOrder(marker, request.order) > 0);
  if (newer) return { url: newer.url, action: 'superseded' };
  const [survivor, ...duplicates] = existing as [OwnComment, ...OwnComment[]];
  const body = bodyOver(survivor, request);
  const unchanged = sameText(survivor.body, body);
  const written = unchanged ? { url: survivor.url } : await calls.update(survivor.id, body);
  if (!written) return null;
  for (const duplicate of duplicates) await removeDuplicate(calls, survivor.id, duplicate.id);
  return { url: written.url || survivor.url, action: unchanged ? 'unchanged' : 'updated' };
}

function bodyOver(replaced: OwnComment | null, { body }: CommentRequest): string {
  return typeof body === 'string' ? body : body(replaced);
}

/** After a create: if another writer was faster, its comment takes our text and ours goes. */
async function settle(
  calls: CommentCalls,
  own: { id: number; url: string },
  request: CommentRequest,
): Promise<CommentResult> {
  const others = (await calls.list(request.pullRequest, request.id)).filter(({ id }) => id < own.id);
  const survivor = others[0];
  if (!survivor) return { url: own.url, action: 'created' };
  const merged = await writeInto(calls, others, request);
  if (!merged) return { url: own.url, action: 'created' };
  await removeDuplicate(calls, survivor.id, own.id);
  return merged;
}

/** Only while the survivor is seen to exist: better two comments than none. */
async function removeDuplicate(calls: CommentCalls, survivor: number, duplicate: number): Promise<void> {
  if (await calls.exists(survivor)) await calls.remove(duplicate);
}

/** GitHub may trim the end of a body and change its line endings. */
function sameText(a: string, b: string): boolean {
  const normal = (text: string) => text.replaceAll('\r\n', '\n').trim();
  return normal(a) === normal(b);
}
