import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { extname, join, resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../kubernetes/objects.ts';
import { offsetOf } from './field-line.ts';
import { plainValue, readKustomization } from './kustomization.ts';
import { renderKustomization } from './kustomize.ts';
import { badManifest, inside, labelOf, readBounded } from './workspace-path.ts';

/** An object with the file and line that it came from, for annotations. */
export interface Manifest {
  object: KubeObject;
  file: string;
  /** 1-based line of the document's first key; null when a tool rendered it. */
  line: number | null;
  /** 1-based line of a field, or of what is nearest above it; null when a tool rendered it. */
  lineOf?: (path: readonly (string | number)[]) => number | null;
  /** 1-based line of the document's first line that fits; null when there is none, or when a tool rendered it. */
  lineMatching?: (pattern: RegExp) => number | null;
  /** Whether it ships with the gate and no change under test had a part in it. */
  shipped?: boolean;
}

export interface LoadOptions {
  /** File, folder or kustomization folder. */
  path: string;
  /** Nothing outside of it is read. */
  root: string;
  /** Namespace of namespaced objects that carry none, as with `kubectl -n`. */
  namespace: string;
  env: Readonly<Record<string, string | undefined>>;
}

interface Walk extends LoadOptions {
  /** Files of plain folders so far. */
  walked: { files: number };
}

/** Fields that only list files; anything else transforms, and only kubectl knows how. */
const PLAIN_FIELDS = new Set(['apiVersion', 'kind', 'metadata', 'resources']);
const MOST_OBJECTS = 200;
/** Of a folder and its subfolders. */
const MOST_FILES = 500;
const CLUSTER_SCOPED = new Set(['Namespace', 'ClusterRole', 'ClusterRoleBinding', 'CustomResourceDefinition']);

/**
 * Objects of a file, a folder or a kustomization, in file order. A kustomization that only lists resources is read
 * here; any other is rendered by `kubectl kustomize`, and a missing kubectl is a Failure that names it.
 */
export async function loadManifests(given: LoadOptions): Promise<Manifest[]> {
  const options = { ...given, root: await realpath(given.root), walked: { files: 0 } };
  const start = await inside(options.root, resolve(options.root, options.path));
  const manifests = await collect(start, options, []);
  if (manifests.length === 0) throw badManifest(`${options.path} holds no Kubernetes object.`);
  if (manifests.length > MOST_OBJECTS) {
    throw badManifest(`${options.path} holds ${manifests.length} objects; at most ${MOST_OBJECTS} are taken.`);
  }
  return manifests.map((manifest) => withNamespace(manifest, options.namespace));
}

/** Objects that kubectl rendered, with the namespace of those that carry none. */
export function parseRendered(text: string, file: string, namespace: string): Manifest[] {
  return parseText(text, file, false).map((manifest) => withNamespace(manifest, namespace));
}

async function collect(path: string, options: Walk, trail: string[]): Promise<Manifest[]> {
  const { root } = options;
  if (trail.includes(path)) throw badManifest(`${labelOf(root, path)} includes itself.`);
  const info = await stat(path).catch(() => null);
  if (!info) throw badManifest(`${labelOf(root, path)} does not exist.`);
  if (!info.isDirectory()) return parseFile(path, options);
  const kustomization = await readKustomization(root, path);
  if (!kustomization) {
    return readFolder(path, options, false);
  }
  const { content } = kustomization;
  const fields = Object.keys(content).filter((field) => !PLAIN_FIELDS.has(field));
  if (fields.length > 0 || content.kind === 'Component') {
    const rendered = await renderKustomization({ root, folder: path, fields, path: options.env.PATH ?? '' });
    return parseText(rendered, labelOf(root, path), false);
  }
  const nested: Manifest[] = [];
  for (const resource of Array.isArray(content.resources) ? content.resources.map(String) : []) {
    const real = await inside(root, resolve(path, resource));
    nested.push(...(await collect(real, options, [...trail, path])));
  }
  return nested;
}

/**
 * A plain folder with its subfolders. A file of a subfolder that holds no Kubernetes object, such as a result, is left out.
 * A subfolder with a kustomization is refused: whether it belongs to the folder is not stated.
 */
async function readFolder(path: string, options: Walk, inner: boolean): Promise<Manifest[]> {
  const { root, walked } = options;
  const entries = (await readdir(path, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
  const found: Manifest[] = [];
  for (const entry of entries) {
    const each = join(path, entry.name);
    if (await isFolder(each, entry, root)) {
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
      if (await readKustomization(root, each)) {
        const shown = labelOf(root, each);
        throw badManifest(
          `${shown} has a kustomization of its own, and ${labelOf(root, path)} has none that lists it: name one of them, or add a kustomization.yaml.`,
        );
      }
      found.push(...(await readFolder(each, options, true)));
    } else if (['.yaml', '.yml', '.json'].includes(extname(entry.name))) {
      walked.files += 1;
      if (walked.files > MOST_FILES)
        throw badManifest(`${labelOf(root, path)} is one of more than ${MOST_FILES} files.`);
      if (!inner || (await holdsObject(each, options))) found.push(...(await parseFile(each, options)));
    }
  }
  return found;
}

/** A link to a folder is refused, like one to a file. */
async function isFolder(path: string, entry: Dirent, root: string): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  const info = await stat(path).catch(() => null);
  if (info?.isDirectory()) await inside(root, path);
  return false;
}

async function holdsObject(path: string, { root }: LoadOptions): Promise<boolean> {
  return parseAllDocuments(await readBounded(root, path)).some((document) => {
    const isMap = 'has' in document && document.errors.length === 0;
    return !isMap || (document.has('apiVersion') && document.has('kind'));
  });
}

async function parseFile(path: string, { root }: LoadOptions): Promise<Manifest[]> {
  return parseText(await readBounded(root, path), labelOf(root, path), true);
}

function parseText(text: string, file: string, lines: boolean): Manifest[] {
  const manifests: Manifest[] = [];
  for (const document of parseAllDocuments(text)) {
    const [error] = document.errors;
    if (error) throw badManifest(`${file}: ${error.message.split('\n')[0]}`);
    const object = plainValue(document, file);
    if (object === null || object === undefined) continue;
    const lineAt = (offset: number) => text.slice(0, offset).split('\n').length;
    const line = lines ? lineAt(document.contents?.range?.[0] ?? 0) : null;
    if (!isKubeObject(object)) {
      const where = line === null ? file : `${file}:${line}`;
      throw badManifest(`${where} is a document without apiVersion, kind and metadata.name.`);
    }
    const lineOf = (path: readonly (string | number)[]): number | null => {
      const offset = offsetOf(document, path);
      return lines ? (offset === null ? line : lineAt(offset)) : null;
    };
    const lineMatching = (pattern: RegExp): number | null => {
      if (!lines) return null;
      const [start = 0, , end = text.length] = document.range ?? [];
      const index = text
        .slice(start, end)
        .split('\n')
        .findIndex((each) => !/^\s*#/.test(each) && pattern.test(each));
      return index < 0 ? null : lineAt(start) + index;
    };
    manifests.push({ object, file, line, lineOf, lineMatching });
  }
  return manifests;
}

function withNamespace(manifest: Manifest, namespace: string): Manifest {
  const { object } = manifest;
  if (object.metadata.namespace || CLUSTER_SCOPED.has(object.kind)) return manifest;
  return { ...manifest, object: { ...object, metadata: { ...object.metadata, namespace } } };
}

function isKubeObject(value: unknown): value is KubeObject {
  if (value === null || typeof value !== 'object') return false;
  const { apiVersion, kind, metadata } = value as Partial<KubeObject>;
  return typeof apiVersion === 'string' && typeof kind === 'string' && typeof metadata?.name === 'string';
}
