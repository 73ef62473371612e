import { type Marker, parseMarker } from '../../lib/marker.ts';
import { statusOf } from './errors.ts';
import { octokitFor } from './octokit.ts';
import { type RetryOptions, requestSignal, withRetries } from './retry.ts';

/** A comment of ours: written by this token's identity, not minimised, with our marker in its first line. */
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

interface CommentNode {
  fullDatabaseId: string | number;
  url: string;
  body: string;
  isMinimized: boolean;
  viewerDidAuthor: boolean;
}

interface CommentPage {
  repository: {
    pullRequest: {
      comments: { nodes: (CommentNode | null)[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } };
    };
  };
}

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
      do {
        const variables = { owner, name, number: pullRequest, after };
        const page: CommentPage = await withRetries(
          (signal) => octokit.graphql<CommentPage>(LIST, { ...variables, request: { signal } }),
          retry,
        );
        const { nodes, pageInfo } = page.repository.pullRequest.comments;
        for (const node of nodes) {
          if (!node?.viewerDidAuthor || node.isMinimized) continue;
          const marker = parseMarker(node.body);
          if (marker?.id !== id) continue;
          found.push({ id: Number(node.fullDatabaseId), url: node.url, body: node.body, marker });
        }
        after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
      } while (after !== null);
      return found.sort((a, b) => a.id - b.id);
    },

    async create(pullRequest, body) {
      const request = { signal: requestSignal(retry.signal) };
      const { data } = await issues.createComment({ ...place, issue_number: pullRequest, body, request });
      return { id: data.id, url: data.html_url };
    },

    async update(comment, body) {
      return await unlessGone(async () => {
        const { data } = await withRetries(
          (signal) => issues.updateComment({ ...place, comment_id: comment, body, request: { signal } }),
          retry,
        );
        return { url: data.html_url };
      });
    },

    async exists(comment) {
      const found = await unlessGone(() =>
        withRetries((signal) => issues.getComment({ ...place, comment_id: comment, request: { signal } }), retry),
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
