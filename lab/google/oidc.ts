import { randomBytes, randomUUID } from 'node:crypto';
import { rsaKeyPair } from '../keys.ts';
import { type ApiRequest, bearer, type Reply } from './http.ts';
import { type Claims, readJwt, signJwt } from './jwt.ts';

export const ISSUER = 'https://token.actions.githubusercontent.com';
export const OIDC_PATH = '/oidc/idtoken';
const LIFETIME_SECONDS = 300;

/** GitHub's OIDC provider as one job sees it: the request URL's bearer, and who the job is. */
export interface OidcProvider {
  requestToken: string;
  answer(request: ApiRequest): Reply;
  /** Claims of a token that this provider made, expired or not; null otherwise. */
  verify(jwt: string): Claims | null;
}

/**
 * Tokens live 5 minutes of wall time, as GitHub's do, and carry the claims of a pull-request job (GitHub docs,
 * "OpenID Connect reference"). The answer has the shape that `@actions/core` getIDToken reads: `{value}`.
 */
export function createOidcProvider(): OidcProvider {
  const { privateKey, publicKey } = rsaKeyPair('oidc-provider');
  const keyId = randomUUID();
  const requestToken = randomBytes(32).toString('base64url');
  return {
    requestToken,
    answer(request) {
      if (bearer(request) !== requestToken) {
        return { status: 401, body: { message: 'Unauthorized: the request token is missing or wrong' } };
      }
      if (request.method !== 'GET') return { status: 405, body: { message: 'Method Not Allowed' } };
      const now = Math.floor(Date.now() / 1_000);
      const claims = {
        ...JOB_CLAIMS,
        // The address is of one job; the lab's has who that job is in it.
        sub: request.query.get('subject') || OIDC_SUBJECT,
        jti: randomUUID(),
        aud: request.query.get('audience') || `https://github.com/${JOB_CLAIMS.repository_owner}`,
        iss: ISSUER,
        nbf: now - 600,
        iat: now,
        exp: now + LIFETIME_SECONDS,
      };
      return { status: 200, body: { count: 1, value: signJwt(claims, privateKey, keyId) } };
    },
    verify(jwt) {
      const token = readJwt(jwt, publicKey);
      return token?.signed ? token.claims : null;
    },
  };
}

const WORKFLOW = 'example-org/llm-serving/.github/workflows/gate.yml@refs/pull/7/merge';
const SHA = '6f1ed002ab5595859014ebf0951522d9c0a1a8d5';

/** Who asks, as the job's token has it. */
export const OIDC_SUBJECT = 'repo:example-org/llm-serving:pull_request';

const JOB_CLAIMS = {
  sub: OIDC_SUBJECT,
  repository: 'example-org/llm-serving',
  repository_id: '812345678',
  repository_owner: 'example-org',
  repository_owner_id: '98765432',
  repository_visibility: 'private',
  ref: 'refs/pull/7/merge',
  ref_type: 'branch',
  ref_protected: 'false',
  base_ref: 'main',
  head_ref: 'faster-routing',
  sha: SHA,
  event_name: 'pull_request',
  workflow: 'gate',
  workflow_ref: WORKFLOW,
  workflow_sha: SHA,
  job_workflow_ref: WORKFLOW,
  job_workflow_sha: SHA,
  run_id: '17201234567',
  run_number: '42',
  run_attempt: '1',
  runner_environment: 'github-hosted',
  actor: 'octocat',
  actor_id: '583231',
};
