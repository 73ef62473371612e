import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ManifestFaults } from './scenarios/types.ts';

/** Makes a folder whose `manifests/` is Pattern 3 with the faults of a scenario. `shipped` is `manifests/` of the project. */
export async function makeWorkspace(workspace: string, shipped: string, faults: ManifestFaults): Promise<void> {
  const folder = join(workspace, 'manifests');
  await mkdir(workspace);
  await cp(join(shipped, 'pattern3'), folder, { recursive: true });
  await change(folder, faults);
}

async function change(folder: string, { replace = [], drop = [], add = {} }: ManifestFaults): Promise<void> {
  for (const file of drop) await rm(join(folder, file));
  for (const [file, text] of Object.entries(add)) await writeFile(join(folder, file), text);
  const kustomization = join(folder, 'kustomization.yaml');
  const listed = (await readFile(kustomization, 'utf8'))
    .split('\n')
    .filter((line) => !drop.some((file) => line.includes(file)))
    .concat(Object.keys(add).map((file) => `  - ${file}`));
  await writeFile(kustomization, `${listed.filter((line) => line !== '').join('\n')}\n`);
  const service = join(folder, 'llminferenceservice.yaml');
  let text = await readFile(service, 'utf8');
  for (const [from, to] of replace) {
    if (!text.includes(from)) throw new Error(`Pattern 3 has no ${JSON.stringify(from)} to change`);
    text = text.replace(from, to);
  }
  await writeFile(service, text);
}
