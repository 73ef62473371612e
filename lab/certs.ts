import type { PemPair } from './protocol.ts';
import { readShared, share } from './shared-keys.ts';

/** A throwaway certificate for loopback, valid for a day; it is its own CA. The processes of one test run share it by name. */
export async function loopbackCertificate(commonName: string): Promise<PemPair & { caPem: string }> {
  const name = `loopback ${commonName}`;
  const pair = readShared<PemPair>(name) ?? (await (await import('./self-signed.ts')).selfSignedLoopback(commonName));
  share(name, pair);
  return { ...pair, caPem: pair.cert };
}
