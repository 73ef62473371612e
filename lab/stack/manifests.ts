import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const RULES = 'destinationrules-pattern3.yaml';

/**
 * Fits a copy of Pattern 3 to the stack: upstream KServe writes no DestinationRules, and the endpoint picker of the
 * Gateway API project does not have llm-d's scorer. `shipped` is the folder `manifests/`.
 */
export async function fitToStack(folder: string, shipped: string): Promise<void> {
  await cp(join(shipped, 'components/upstream-kserve', RULES), join(folder, RULES));
  await edit(join(folder, 'kustomization.yaml'), (text) => `${text.trimEnd()}\n  - ${RULES}\n`);
  await edit(join(folder, 'llminferenceservice.yaml'), withoutLlmdScorer);
}

/** The text of a service's manifest without the scorer `no-hit-lru-scorer`. */
export function withoutLlmdScorer(text: string): string {
  return text
    .replace(/^ *- type: no-hit-lru-scorer\n/m, '')
    .replace(/^ *- pluginRef: no-hit-lru-scorer\n *weight: 1\n/m, '');
}

async function edit(file: string, change: (text: string) => string): Promise<void> {
  await writeFile(file, change(await readFile(file, 'utf8')));
}
