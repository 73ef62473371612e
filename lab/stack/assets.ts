import { existsSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { POD_NETWORK } from './addresses.ts';

/** Where each part has its program, below the folder that `scripts/stack-assets` prints. */
export const PROGRAMS = {
  'kube-apiserver': 'kube/binaries/kube-apiserver',
  etcd: 'kube/binaries/etcd',
  'endpoint picker': 'epp/epp',
  'KServe controller': 'kserve/llmisvc',
  istiod: 'istio/pilot-discovery',
  Envoy: 'envoy/envoy',
} as const;

/** Definitions come with the parts, but for those of the Gateway API. */
const FOLDERS = { 'Gateway API definitions': 'gateway-api/config/crd/standard' };

/** The names of the parts that are not in the folder; all of them where there is no folder. */
export function missingParts(folder: string | null): string[] {
  return Object.entries({ ...PROGRAMS, ...FOLDERS })
    .filter(([, path]) => folder === null || !existsSync(join(folder, path)))
    .map(([name]) => name);
}

/** Whether this process is in the network that `scripts/in-private-network` makes. */
export function isInPrivateNetwork(): boolean {
  return Object.values(networkInterfaces())
    .flat()
    .some((found) => found?.address === `${POD_NETWORK}.0.0`);
}
