import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { parseAllDocuments } from 'yaml';

/** Repository root. */
export const ROOT = join(import.meta.dirname, '..', '..', '..');
export const MANIFESTS = join(ROOT, 'manifests');

// biome-ignore lint/suspicious/noExplicitAny: objects of any kind, as JSON
export type Json = any;

/** Paths of all files below a folder of manifests/, relative to that folder, sorted. */
export function filesBelow(folder: string): string[] {
  return readdirSync(join(MANIFESTS, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(MANIFESTS, folder).length + 1))
    .sort();
}

/** The objects of a YAML file below manifests/. Throws on any YAML error or warning, and on aliases. */
export function objectsOf(file: string): Json[] {
  return parseAllDocuments(readFileSync(join(MANIFESTS, file), 'utf8'), { strict: true }).map((document) => {
    const [problem] = [...document.errors, ...document.warnings];
    if (problem) throw new Error(`${file}: ${problem.message}`);
    return document.toJS({ maxAliasCount: 0 });
  });
}

/** All objects of a folder below manifests/, kustomizations and what is not YAML left out. */
export function objectsBelow(folder: string): Json[] {
  return filesBelow(folder)
    .filter((file) => extname(file) === '.yaml' && !file.endsWith('kustomization.yaml'))
    .flatMap((file) => objectsOf(join(folder, file)));
}

/** What a pattern applies: the objects of the files that its kustomization lists. */
export function pattern(name: 'pattern1' | 'pattern3'): Json[] {
  const [kustomization] = objectsOf(`${name}/kustomization.yaml`);
  return kustomization.resources.flatMap((file: string) => objectsOf(join(name, file)));
}
