import { generate } from 'selfsigned';
import type { PemPair } from './protocol.ts';

// In a file of its own, which is loaded where a certificate is made: the library takes longer to load than all else of a
// lab's start.

const DAY_MS = 86_400_000;

/** A certificate for loopback, valid for a day, that is its own CA. */
export async function selfSignedLoopback(commonName: string): Promise<PemPair> {
  const pems = await generate([{ name: 'commonName', value: commonName }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notAfterDate: new Date(Date.now() + DAY_MS),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  });
  return { cert: pems.cert, key: pems.private };
}

/** A certificate for these names and addresses as KServe's controller makes it, valid for ten years. */
export async function selfSignedService(subjects: readonly string[]): Promise<PemPair> {
  const isIp = (text: string) => /^[\d.]+$/.test(text);
  const pems = await generate([{ name: 'organizationName', value: 'Kserve Self Signed' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notAfterDate: new Date(Date.now() + 3_650 * DAY_MS),
    extensions: [
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: subjects.map((text) =>
          isIp(text) ? { type: 7 as const, ip: text } : { type: 2 as const, value: text },
        ),
      },
    ],
  });
  return { cert: pems.cert, key: pems.private };
}
