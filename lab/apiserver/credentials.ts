import { generateKeyPairSync } from 'node:crypto';
import { generate } from 'selfsigned';

export interface ServingPair {
  cert: string;
  key: string;
}

/** A certificate for 127.0.0.1 that is its own authority, and lives for a day. */
export async function servingPair(): Promise<ServingPair> {
  const day = 86_400_000;
  const pem = await generate([{ name: 'commonName', value: '127.0.0.1' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    // A clock that another machine set may be behind.
    notBeforeDate: new Date(Date.now() - day),
    notAfterDate: new Date(Date.now() + day),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: true, critical: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  });
  return { cert: pem.cert, key: pem.private };
}

/** The key that signs and verifies service-account tokens. */
export function serviceAccountKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'sec1', format: 'pem' }).toString();
}

/** A kubeconfig of one cluster, with whatever identifies its user. */
export function kubeconfig(server: string, caPem: string, user: { token?: string }): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server, 'certificate-authority-data': Buffer.from(caPem).toString('base64') } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  });
}
