import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyPairKeyObjectResult } from 'node:crypto';
import { readShared, share } from './shared-keys.ts';

const made = new Map<string, KeyPairKeyObjectResult>();

/**
 * The RSA key pair of one owner, 2048 bits. Each process makes it once, and the processes of one test run share it: to
 * make it takes a tenth of a second of CPU time, and tests start hundreds of servers that need one.
 */
export function rsaKeyPair(owner: 'oidc-provider' | 'service-account'): KeyPairKeyObjectResult {
  const pair = made.get(owner) ?? sharedPair(owner);
  made.set(owner, pair);
  return pair;
}

function sharedPair(owner: string): KeyPairKeyObjectResult {
  const name = `rsa ${owner}`;
  const shared = readShared<{ pem: string }>(name);
  if (shared) {
    const privateKey = createPrivateKey(shared.pem);
    return { privateKey, publicKey: createPublicKey(privateKey) };
  }
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  share(name, { pem: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) });
  return pair;
}
