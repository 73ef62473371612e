import type { Decoded } from '../../lib/decode.ts';
import { type Marker, parseMarker } from '../../lib/marker.ts';
import { COMMENTS, decoded, WRITTEN } from './answers.ts';
import { statusOf } from './errors.ts';
import { octokitFor } from './octokit.ts';
import { asking, type RetryOptions, requestSignal, withRetries } from './retry.ts';

/** A comment of the gate: written by this token's identity, not minimised, with the marker of the gate in its first line. */
export interface OwnComment {
  id: number;
  url: string;
  body: string;
  marker: Marker;
}

export interface CommentCalls {
  /** All own comments with this marker id on a pull request, lowest id first. */
  list(pullRequest: number, id: string): Promise<OwnComment[]>;
  /** Tried once: after an unclear answer the caller must look first, or it doubles the comment. */
  create(pullRequest: number, body: string): Promise<{ id: number; url: string }>;
  /** Null when the comment has vanished. */
  update(comment: number, body: string): Promise<{ url: string } | null>;
  exists(comment: number): Promise<boolean>;
  /** A comment that has vanished already counts as removed. */
  remove(comment: number): Promise<void>;
}

/** Pages of 100 comments: GitHub keeps 2,500 on a pull request. A list without an end is not GitHub's. */
const PAGES = 100;

// `databaseId` is a 32-bit integer that comment ids have outgrown; only GraphQL knows `viewerDidAuthor`.
const LIST = `
  query ($owner: String!, $name: String!, $number: Int!, $after: String) {
    repository(owner: $owner, name: $name) {
      pullRequest(number: $number) {
        comments(first: 100, after: $after) {
          nodes { fullDatabaseId url body isMinimized viewerDidAuthor }
          pageInfo { hasNextPage endCursor }
        }
      }
    }
  }`;

/** GitHub's comment API as this project uses it. Errors are thrown as octokit throws them. */
export function commentCalls(
  target: { token: string; repository: string; apiUrl: string | undefined },
  retry: RetryOptions,
): CommentCalls {
  const [owner = '', name = ''] = target.repository.split('/');
  const octokit = octokitFor(target);
  const { issues } = octokit.rest;
  const place = { owner, repo: name };

  return {
    async list(pullRequest, id) {
      const found: OwnComment[] = [];
      let after: string | null = null;
      for (let count = 0; count < PAGES; count += 1) {
        const variables = { owner, name, number: pullRequest, after };
        const page: Decoded<typeof COMMENTS.decode> = await asking(
          COMMENTS,
          async (signal) => ({
            data: await octokit.graphql(LIST, { ...variables, request: { signal } }).catch(noPage),
          }),
          retry,
        );
        const { nodes, pageInfo } = page.repository.pullRequest.comments;
        for (const node of nodes) {
          if (!node?.viewerDidAuthor || node.isMinimized) continue;
          const marker = parseMarker(node.body);
          if (marker?.id !== id) continue;
          found.push({ id: node.fullDatabaseId, url: node.url, body: node.body, marker });
        }
        after = pageInfo.hasNextPage ? (pageInfo.endCursor ?? null) : null;
        if (after === null) return found.sort((a, b) => a.id - b.id);
      }
      throw new Error(`the comments have more than ${PAGES} pages`);
    },

    async create(pullRequest, body) {
      const request = { signal: requestSignal(retry.signal) };
      const { data } = await issues.createComment({ ...place, issue_number: pullRequest, body, request });
      const { id, html_url: url } = decoded(WRITTEN, data);
      return { id, url };
    },

    async update(comment, body) {
      return await unlessGone(async () => {
        const { html_url: url } = await asking(
          WRITTEN,
          (signal) => issues.updateComment({ ...place, comment_id: comment, body, request: { signal } }),
          retry,
        );
        return { url };
      });
    },

    async exists(comment) {
      const found = await unlessGone(() =>
        asking(WRITTEN, (signal) => issues.getComment({ ...place, comment_id: comment, request: { signal } }), retry),
      );
      return found !== null;
    },

    async remove(comment) {
      await unlessGone(() =>
        withRetries((signal) => issues.deleteComment({ ...place, comment_id: comment, request: { signal } }), retry),
      );
    },
  };
}

/** The client looks for errors in whatever comes, and fails by itself where that is not an object. */
function noPage(error: unknown): null {
  if (error instanceof TypeError) return null;
  throw error;
}

/** Null for a 404 or 410; a missing permission also reads as 404, which the caller's next create brings to light. */
async function unlessGone<T>(call: () => Promise<T>): Promise<T | null> {
  try {
    return await call();
  } catch (error) {
    const status = statusOf(error);
    if (status === 404 || status === 410) return null;
    throw error;
  }
}
