import { type KeyObject, sign, verify } from 'node:crypto';

export type Claims = Record<string, unknown>;

/** An RS256 JSON Web Token. */
export function signJwt(claims: Claims, privateKey: KeyObject, keyId: string): string {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const content = `${encode({ typ: 'JWT', alg: 'RS256', kid: keyId })}.${encode(claims)}`;
  return `${content}.${sign('RSA-SHA256', Buffer.from(content), privateKey).toString('base64url')}`;
}

/** The claims of an RS256 token: null when it is malformed, `signed` false when another key made the signature. */
export function readJwt(token: string, publicKey: KeyObject): { claims: Claims; signed: boolean } | null {
  const [header, payload, signature, extra] = token.split('.');
  if (!header || !payload || !signature || extra !== undefined) return null;
  const decode = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  try {
    const { alg } = decode(header) as { alg?: unknown };
    const claims = decode(payload);
    if (alg !== 'RS256' || claims === null || typeof claims !== 'object') return null;
    const content = Buffer.from(`${header}.${payload}`);
    const signed = verify('RSA-SHA256', content, publicKey, Buffer.from(signature, 'base64url'));
    return { claims: claims as Claims, signed };
  } catch {
    return null;
  }
}
