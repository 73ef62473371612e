import { object, text } from '../../lib/decode.ts';
import { BLOB, decoded } from './answers.ts';
import { unlessMissing } from './errors.ts';
import { octokitFor } from './octokit.ts';
import { callingWith, type GithubAccess } from './retry.ts';

/** A file of a repository, as GitHub's API for contents returns it. */
const FILE = { noun: 'a file', decode: object({ type: text, content: text, encoding: text }) };

/**
 * The text of a file on the default branch; null where there is none. Throws a Failure that names the permission which is
 * missing. A folder in its place is an answer of another shape.
 */
export async function fileOnDefaultBranch(access: GithubAccess, path: string): Promise<string | null> {
  const [owner = '', repo = ''] = access.repository.split('/');
  const { repos } = octokitFor(access).rest;
  const call = callingWith(access, 'contents: read');
  return unlessMissing(async () => {
    const file = await call(`reading ${path}`, FILE, (signal) =>
      repos.getContent({ owner, repo, path, request: { signal } }),
    );
    return decoded(BLOB, file).toString('utf8');
  });
}
