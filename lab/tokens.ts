import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Access tokens of the lab: `ya29.lab.<payload>.<mac>`. The gcp process issues them, the Kubernetes API verifies them
 * with the same secret, so an expired token fails everywhere as it does on GKE.
 */
export interface TokenClaims {
  /** E-mail or `principal://…` that RBAC and the audit record see. */
  subject: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

export function issueToken(secret: string, claims: TokenClaims): string {
  const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
  return `ya29.lab.${payload}.${mac(secret, payload)}`;
}

/** Claims of tokens with a right signature, by secret and token: a client sends the same one with each request. */
const signed = new Map<string, TokenClaims>();
const KEPT = 100;

/** The claims of a valid, unexpired token; null otherwise. */
export function verifyToken(secret: string, token: string, now: number): TokenClaims | null {
  const key = `${secret} ${token}`;
  const claims = signed.get(key) ?? signedClaims(secret, token);
  if (!claims) return null;
  if (signed.size >= KEPT) signed.clear();
  signed.set(key, claims);
  return claims.expiresAt > now ? claims : null;
}

function signedClaims(secret: string, token: string): TokenClaims | null {
  const parts = token.split('.');
  const [prefix, lab, payload, signature] = parts;
  if (parts.length !== 4 || prefix !== 'ya29' || lab !== 'lab' || !payload || !signature) return null;
  const expected = Buffer.from(mac(secret, payload));
  const given = Buffer.from(signature);
  if (expected.length !== given.length || !timingSafeEqual(expected, given)) return null;
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as TokenClaims;
}

function mac(secret: string, payload: string): string {
  return createHmac('sha256', secret).update(payload).digest('base64url');
}
