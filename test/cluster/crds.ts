import { createHash } from 'node:crypto';
import { mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type RealKube, startApiServer } from '../../lab/apiserver/api-server.ts';
import { assetsFolder } from '../../lab/apiserver/assets.ts';
import { isEstablished } from '../../lab/apiserver/established.ts';
import { type CrdFolder, crdTexts } from '../fixtures/crds.ts';

const PATH = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
/** Raise it when the way the definitions are installed changes. */
const RECIPE = 1;

interface Definition {
  file: string;
  text: string;
}

/**
 * Starts an API server in which every CustomResourceDefinition of some products is established, and nothing else is. To
 * establish them takes ten seconds of CPU time and more, so the data of an etcd that holds them is kept beside the
 * programs, by what the definitions and the programs are.
 */
export async function startWithCrds(...products: CrdFolder[]): Promise<RealKube> {
  const definitions = products.flatMap(crdTexts);
  const kept = await folderFor(definitions);
  if (await isThere(kept)) {
    const kube = await startApiServer({ data: kept });
    return ready(kube, () => settled(kube, definitions.map(nameOf)));
  }
  const kube = await startApiServer();
  return ready(kube, async () => {
    await install(kube, definitions);
    await keep(kube, kept);
    await settled(kube, definitions.map(nameOf));
  });
}

async function ready(kube: RealKube, prepare: () => Promise<void>): Promise<RealKube> {
  try {
    await prepare();
    return kube;
  } catch (error) {
    await kube.stop();
    throw error;
  }
}

async function install(kube: RealKube, definitions: readonly Definition[]): Promise<void> {
  // The server reads YAML itself; parsing megabytes of it here would be the slow part.
  for (const { file, text } of definitions) {
    const { status, body } = await kube.ask('POST', PATH, text, { contentType: 'application/yaml' });
    if (status !== 201) throw new Error(`${file}: the API server answered ${status}: ${JSON.stringify(body)}`);
  }
  await settled(kube, definitions.map(nameOf));
}

async function settled(kube: RealKube, names: readonly string[]): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (const name of names) {
    while (!(await isEstablished(kube, name))) {
      if (Date.now() > deadline) throw new Error(`${name} did not settle within 30 s.`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

function nameOf({ file, text }: Definition): string {
  const [, name] = /^metadata:\n(?: {2}.*\n)*? {2}name: (\S+)$/m.exec(text) ?? [];
  if (name === undefined) throw new Error(`${file} has a definition without a name.`);
  return name;
}

async function folderFor(definitions: readonly Definition[]): Promise<string> {
  const assets = assetsFolder(process.env) ?? '';
  const { size, mtimeMs } = await stat(join(assets, 'kube-apiserver'));
  const all = [RECIPE, size, mtimeMs, ...definitions.map(({ text }) => text)];
  const key = createHash('sha256').update(all.join('\n---\n')).digest('hex').slice(0, 16);
  return join(assets, `crds-${key}`);
}

const isThere = (folder: string) =>
  stat(folder).then(
    () => true,
    () => false,
  );

/** A rename makes the folder appear whole, or leaves the one that another start made meanwhile. */
async function keep(kube: RealKube, kept: string): Promise<void> {
  // The programs may lie where this user cannot write.
  const work = await mkdtemp(`${kept}.build.`).catch(() => null);
  if (work === null) return;
  try {
    await kube.saveData(join(work, 'etcd'));
    await rename(join(work, 'etcd'), kept).catch(() => {});
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
