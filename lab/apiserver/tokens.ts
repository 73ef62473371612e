import { randomBytes } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ServingPair } from './credentials.ts';

export interface Identity {
  user: string;
  groups: string[];
}

export interface TokenIssuer {
  /** Where the API server posts its TokenReviews. */
  url: string;
  /** `lifeMs`: how long it is accepted; for ever unless given. */
  issue(identity: Identity, lifeMs?: number): string;
  close(): Promise<void>;
}

/**
 * A token webhook (authentication.k8s.io/v1 TokenReview), which is how GKE's API server gets to know access tokens too.
 * A static token file is read once at the start, and so has no new users. `foreign` knows the tokens of another issuer.
 */
export async function startTokenIssuer(
  pair: ServingPair,
  foreign: (token: string) => Identity | null = () => null,
): Promise<TokenIssuer> {
  const known = new Map<string, Identity & { until: number }>();
  const server = createServer(pair, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const review = JSON.parse(Buffer.concat(chunks).toString());
      const own = known.get(review.spec.token);
      const identity = own && own.until > Date.now() ? own : foreign(review.spec.token);
      const status = identity
        ? { authenticated: true, user: { username: identity.user, groups: identity.groups } }
        : { authenticated: false };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ apiVersion: review.apiVersion, kind: review.kind, status }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    issue(identity, lifeMs = Number.POSITIVE_INFINITY) {
      const token = randomBytes(24).toString('base64url');
      known.set(token, { ...identity, until: Date.now() + lifeMs });
      return token;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
