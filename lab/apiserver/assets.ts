import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/** How to get the binaries, as one sentence. */
export const HOW_TO_GET_ASSETS =
  'They need kube-apiserver and etcd: KUBEBUILDER_ASSETS="$(scripts/kube-assets)" npm run test:cluster ' +
  '(builds both once, with Go; or set it to what "setup-envtest use -p path" prints).';

/** The folder named by KUBEBUILDER_ASSETS, as envtest calls it; null unless it holds both binaries. */
export function assetsFolder(env: Readonly<Record<string, string | undefined>>): string | null {
  const folder = env.KUBEBUILDER_ASSETS;
  return folder && ['kube-apiserver', 'etcd'].every((name) => isExecutable(join(folder, name))) ? folder : null;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
