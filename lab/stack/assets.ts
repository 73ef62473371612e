import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** How to get the parts, as one sentence. */
export const HOW_TO_GET_STACK =
  'They need the real parts: STACK_ASSETS="$(scripts/stack-assets)" npm run test:stack ' +
  '(builds or fetches each once, with Go and Python, and names on stderr what it could not get).';

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
export function missingParts(folder: string | undefined): string[] {
  return Object.entries({ ...PROGRAMS, ...FOLDERS })
    .filter(([, path]) => folder === undefined || !existsSync(join(folder, path)))
    .map(([name]) => name);
}
