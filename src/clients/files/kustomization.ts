import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { errorText } from '../../lib/failure.ts';
import { badManifest, labelOf, readBounded } from './workspace-path.ts';

const NAMES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];
/** Fields that run programs, make objects from anything, or fetch them. */
const REFUSED_FIELDS = [
  'generators',
  'transformers',
  'validators',
  'configMapGenerator',
  'secretGenerator',
  'helmCharts',
  'helmChartInflationGenerator',
  'helmGlobals',
];
/** Fields, in lower case, whose texts name no file. kustomize takes them in any case, as it takes all fields. */
const WITHOUT_FILES: ReadonlySet<string> = new Set(
  ['apiVersion', 'kind', 'metadata', 'namespace', 'namePrefix', 'nameSuffix', 'commonLabels', 'commonAnnotations']
    .concat(['labels', 'images', 'replicas', 'buildMetadata', 'sortOptions', 'generatorOptions'])
    .map((name) => name.toLowerCase()),
);
/** The same within the items of `patches`, `patchesJson6902` and `replacements`. */
const WITHOUT_FILES_BELOW: ReadonlySet<string> = new Set(['patch', 'target', 'options', 'source', 'targets']);
/** URLs, git addresses, `user@host:repo`, and the forms with the host first that kustomize takes for a repository. */
const REMOTE =
  /^[a-z][a-z0-9+.-]*:|^[^\s/]+@[^\s/]+[:/]|[?&](?:ref|version|submodules|timeout)=|^(?:www\.)?(?:github|gitlab|bitbucket)\.(?:com|org)\/|\.git(?:\/|$|\?)|\/_git\/|^git::/i;

export interface Kustomization {
  /** Its path. */
  file: string;
  content: Record<string, unknown>;
  /** Every text that may name a file or a folder, with those that name none: kustomize's own parser decides. */
  names: string[];
}

/** The kustomization of a folder; null where it has none. Refuses what runs programs and what is fetched. */
export async function readKustomization(root: string, folder: string): Promise<Kustomization | null> {
  const present = new Set(await readdir(folder));
  const [name, ...more] = NAMES.filter((each) => present.has(each));
  if (!name) return null;
  if (more.length > 0)
    throw badManifest(`${labelOf(root, folder)} has ${[name, ...more].join(' and ')}; one is taken.`);
  const file = join(folder, name);
  const content = parse(await readBounded(root, file), labelOf(root, file));
  const names = namesIn(content, 0);
  // Of several lines it is a patch in place. As a path it would still be a way, for kustomize shortens it.
  const remote = names.find((each) => !each.trim().includes('\n') && REMOTE.test(each.trim()));
  if (remote !== undefined) {
    const shown = remote
      .trim()
      .slice(0, 200)
      .replace(/[^\x20-\x7e]/g, '?');
    throw badManifest(`${labelOf(root, folder)} names a remote base: ${shown}.`);
  }
  return { file, content, names };
}

function parse(text: string, shown: string): Record<string, unknown> {
  const document = parseDocument(text);
  const [problem] = [...document.errors, ...document.warnings];
  if (problem) throw badManifest(`${shown}: ${problem.message.split('\n')[0]}`);
  const content: unknown = plainValue(document, shown);
  if (content === null || typeof content !== 'object' || Array.isArray(content)) {
    throw badManifest(`${shown} is not a kustomization.`);
  }
  const refused = Object.keys(content).filter((field) =>
    REFUSED_FIELDS.some((each) => each.toLowerCase() === field.toLowerCase()),
  );
  if (refused.length > 0) throw badManifest(`${shown} has ${refused.join(', ')}: plugins and generators are not run.`);
  return content as Record<string, unknown>;
}

function namesIn(value: unknown, depth: number): string[] {
  if (typeof value === 'string') return value === '' ? [] : [value];
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const field = Array.isArray(value) ? '' : key.toLowerCase();
    const without = depth === 0 ? WITHOUT_FILES : WITHOUT_FILES_BELOW;
    return without.has(field) ? [] : namesIn(inner, depth + 1);
  });
}

/**
 * The value of a document: maps, lists and single values. No aliases, for no manifest needs them, and they are how a YAML
 * bomb is built; no tags that stand for something else, which another parser would read as another text.
 */
export function plainValue(document: { toJS(options: { maxAliasCount: number }): unknown }, file: string): unknown {
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 0 });
  } catch (error) {
    throw badManifest(`${file} cannot be read; YAML aliases are not taken: ${errorText(error)}.`);
  }
  if (!isPlain(value)) throw badManifest(`${file} has a YAML tag such as !!binary or !!set, which is not taken.`);
  return value;
}

function isPlain(value: unknown): boolean {
  if (value === null || typeof value !== 'object') return typeof value !== 'bigint';
  if (!Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype) return false;
  return Object.values(value).every(isPlain);
}
