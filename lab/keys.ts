import { generateKeyPairSync, type KeyPairKeyObjectResult } from 'node:crypto';

const made = new Map<string, KeyPairKeyObjectResult>();

/**
 * The RSA key pair of one owner, 2048 bits. Each process makes it once: that takes a tenth of a second of CPU time, and
 * tests start hundreds of servers that need one.
 */
export function rsaKeyPair(owner: 'oidc-provider' | 'service-account'): KeyPairKeyObjectResult {
  const pair = made.get(owner) ?? generateKeyPairSync('rsa', { modulusLength: 2048 });
  made.set(owner, pair);
  return pair;
}
