import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { type Json, ROOT } from './files.ts';

/** Folder of CustomResourceDefinitions, one folder per product and version; null where there is none. */
export function crdFolder(env: Readonly<Record<string, string | undefined>>): string | null {
  const folder = env.SERVING_CRDS ?? join(ROOT, '..', 'shared', 'crds');
  return existsSync(folder) ? folder : null;
}

/** Schemas of a kind by served version, from all files of one product's folder. */
export function servedSchemas(folder: string, kind: string): Record<string, Json> {
  const served: Record<string, Json> = {};
  for (const name of readdirSync(folder)) {
    // Parsing megabytes of YAML is the slow part: a definition of another kind is not parsed.
    const texts = readFileSync(join(folder, name), 'utf8').split(/^---$/m);
    for (const text of texts.filter((each) => new RegExp(`^    kind: ${kind}$`, 'm').test(each))) {
      for (const document of parseAllDocuments(text)) {
        for (const version of document.toJS().spec.versions as Json[]) {
          if (version.served) served[version.name] = version.schema.openAPIV3Schema;
        }
      }
    }
  }
  return served;
}
