import type { RealKube } from '../../lab/apiserver/api-server.ts';
import { isEstablished } from '../../lab/apiserver/established.ts';
import { type CrdFolder, crdTexts } from '../fixtures/crds.ts';

const PATH = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

/**
 * Creates every CustomResourceDefinition of a product and waits until each is established. Returns the names, in file
 * order.
 */
export async function installCrds(kube: RealKube, folder: CrdFolder): Promise<string[]> {
  const names: string[] = [];
  // The server reads YAML itself; parsing megabytes of it here would be the slow part.
  for (const { file, text } of crdTexts(folder)) {
    const { status, body } = await kube.ask('POST', PATH, text, { contentType: 'application/yaml' });
    if (status !== 201) throw new Error(`${file}: the API server answered ${status}: ${JSON.stringify(body)}`);
    names.push(body.metadata.name);
  }
  await settled(names, (name) => isEstablished(kube, name));
  return names;
}

async function settled(names: string[], is: (name: string) => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (const name of names) {
    while (!(await is(name))) {
      if (Date.now() > deadline) throw new Error(`${name} did not settle within 30 s.`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
