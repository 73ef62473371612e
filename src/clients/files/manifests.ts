import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, extname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { getExecOutput } from '@actions/exec';
import { type Document, parseAllDocuments, parseDocument } from 'yaml';
import { errorText, Failure } from '../../lib/failure.ts';
import type { KubeObject } from '../kubernetes/objects.ts';

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

const KUSTOMIZATIONS = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];
/** Fields that only list files; anything else transforms, and only kubectl knows how. */
const PLAIN_FIELDS = new Set(['apiVersion', 'kind', 'metadata', 'resources']);
/** Fields of a kustomization that run programs, make objects from anything, or fetch them. */
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
const MOST_BYTES = 1024 * 1024;
const MOST_OBJECTS = 200;
const BASE_FIELDS = ['resources', 'bases', 'components', 'crds'];
/** URLs, git addresses and the host-first form that kustomize takes for a repository. */
const REMOTE = /^[a-z][a-z0-9+.-]*:|^git@|[?&]ref=|^(?:github|gitlab|bitbucket)\.(?:com|org)\/|\.git(?:\/|$)/i;
const CLUSTER_SCOPED = new Set(['Namespace', 'ClusterRole', 'ClusterRoleBinding', 'CustomResourceDefinition']);

/**
 * Objects of a file, a folder or a kustomization, in file order. A kustomization that only lists resources is read
 * here; any other is rendered by `kubectl kustomize`, and a missing kubectl is a Failure that says so.
 */
export async function loadManifests(given: LoadOptions): Promise<Manifest[]> {
  const options = { ...given, root: await realpath(given.root) };
  const start = await inside(options.root, resolve(options.root, options.path));
  const manifests = await collect(start, options, []);
  if (manifests.length === 0) throw problem(`${options.path} holds no Kubernetes object.`);
  if (manifests.length > MOST_OBJECTS) {
    throw problem(`${options.path} holds ${manifests.length} objects; at most ${MOST_OBJECTS} are taken.`);
  }
  return manifests.map((manifest) => withNamespace(manifest, options.namespace));
}

async function collect(path: string, options: LoadOptions, trail: string[]): Promise<Manifest[]> {
  if (trail.includes(path)) throw problem(`${label(path, options)} includes itself.`);
  const info = await stat(path).catch(() => null);
  if (!info) throw problem(`${label(path, options)} does not exist.`);
  if (info.isFile()) return parseFile(path, options);
  const names = (await readdir(path)).sort();
  const kustomization = KUSTOMIZATIONS.find((name) => names.includes(name));
  if (!kustomization) {
    const files = names.filter((name) => ['.yaml', '.yml', '.json'].includes(extname(name)));
    return (await Promise.all(files.map((name) => parseFile(join(path, name), options)))).flat();
  }
  const content = await kustomizationOf(join(path, kustomization), options);
  const transforms = Object.keys(content).filter((field) => !PLAIN_FIELDS.has(field));
  if (transforms.length > 0 || content.kind === 'Component') {
    await checkBases(path, options, trail);
    return render(path, transforms, options);
  }
  const nested: Manifest[] = [];
  for (const resource of await basesOf(path, content, options)) {
    nested.push(...(await collect(resource, options, [...trail, path])));
  }
  return nested;
}

async function kustomizationOf(file: string, options: LoadOptions): Promise<Record<string, unknown>> {
  const document = parseDocument(await readBounded(file, options));
  const [error] = document.errors;
  if (error) throw problem(`${label(file, options)}: ${error.message.split('\n')[0]}`);
  const content: unknown = plainValue(document, label(file, options));
  if (content === null || typeof content !== 'object') throw problem(`${label(file, options)} is not a kustomization.`);
  const refused = REFUSED_FIELDS.filter((field) => field in content);
  if (refused.length > 0) {
    throw problem(`${label(file, options)} has ${refused.join(', ')}: plugins and generators are not run.`);
  }
  return content as Record<string, unknown>;
}

/** Real paths of what a kustomization is built on; what is remote or outside of the root is refused. */
async function basesOf(path: string, content: Record<string, unknown>, options: LoadOptions): Promise<string[]> {
  const named = BASE_FIELDS.flatMap((field) => (Array.isArray(content[field]) ? content[field].map(String) : []));
  return Promise.all(
    named.map((base) => {
      if (REMOTE.test(base)) throw problem(`${label(path, options)} names a remote base: ${base}.`);
      return inside(options.root, resolve(path, base));
    }),
  );
}

/** kubectl would fetch a remote base and read one outside of the root, at any depth. */
async function checkBases(path: string, options: LoadOptions, trail: string[]): Promise<void> {
  if (trail.includes(path)) throw problem(`${label(path, options)} includes itself.`);
  const info = await stat(path).catch(() => null);
  if (!info?.isDirectory()) return;
  const names = await readdir(path);
  const kustomization = KUSTOMIZATIONS.find((name) => names.includes(name));
  if (!kustomization) return;
  const content = await kustomizationOf(join(path, kustomization), options);
  for (const base of await basesOf(path, content, options)) await checkBases(base, options, [...trail, path]);
}

async function render(path: string, fields: string[], options: LoadOptions): Promise<Manifest[]> {
  const shown = label(path, options);
  let output: { exitCode: number; stdout: string; stderr: string };
  try {
    output = await getExecOutput('kubectl', ['kustomize', path], {
      silent: true,
      ignoreReturnCode: true,
      env: { PATH: options.env.PATH ?? '', HOME: options.env.HOME ?? '' },
    });
  } catch (error) {
    throw new Failure({
      stage: 'preflight',
      code: 'kubectl-missing',
      message: `${shown} uses ${fields.join(', ') || 'a component'}, which kubectl must render, and kubectl could not be run: ${errorText(error)}.`,
      hint: 'Install kubectl on the runner, or give a kustomization that only lists resources.',
      blame: 'config',
      cause: error,
    });
  }
  if (output.exitCode !== 0) {
    throw problem(`kubectl kustomize ${shown} failed: ${output.stderr.trim().split('\n').at(-1) ?? ''}`);
  }
  return parseText(output.stdout, shown, false);
}

async function parseFile(path: string, options: LoadOptions): Promise<Manifest[]> {
  return parseText(await readBounded(path, options), label(path, options), true);
}

/** The text of a file below the root, of bounded size. */
async function readBounded(path: string, options: LoadOptions): Promise<string> {
  const real = await inside(options.root, path);
  const { size } = await stat(real);
  if (size > MOST_BYTES) {
    throw problem(`${label(path, options)} has ${size} bytes; at most ${MOST_BYTES} are read of one manifest.`);
  }
  return readFile(real, 'utf8');
}

function parseText(text: string, file: string, lines: boolean): Manifest[] {
  const manifests: Manifest[] = [];
  for (const document of parseAllDocuments(text)) {
    const [error] = document.errors;
    if (error) throw problem(`${file}: ${error.message.split('\n')[0]}`);
    const object = plainValue(document, file);
    if (object === null || object === undefined) continue;
    const lineAt = (offset: number) => text.slice(0, offset).split('\n').length;
    const line = lines ? lineAt(document.contents?.range?.[0] ?? 0) : null;
    if (!isKubeObject(object)) {
      const where = line === null ? file : `${file}:${line}`;
      throw problem(`${where} is a document without apiVersion, kind and metadata.name.`);
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

/** Where a field begins in the text; of the nearest one above it when the field itself was added later. */
function offsetOf(document: Document, path: readonly (string | number)[]): number | null {
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true) as { range?: [number, number, number] | null } | undefined;
    if (node?.range) return node.range[0];
  }
  return null;
}

/** No aliases: none of the manifests needs them, and they are how a YAML bomb is built. */
function plainValue(document: Pick<Document, 'toJS'>, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch (error) {
    throw problem(`${file} cannot be read; YAML aliases are not taken: ${errorText(error)}.`);
  }
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

/** The real path, refused when it leaves the root (a real path), also by a symbolic link. */
export async function inside(root: string, path: string): Promise<string> {
  const real = await realpath(path).catch(() => path);
  const way = relative(root, real);
  if (way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)) {
    throw problem(`${basename(path)} lies outside of ${basename(root)}; only files below it are read.`);
  }
  // A link within is no way out, but what a reviewer reads must be what is applied.
  if (real !== path && path.startsWith(`${root}${sep}`)) {
    throw problem(`${relative(root, path)} is or lies behind a symbolic link; only files and folders are read.`);
  }
  return real;
}

function label(path: string, options: LoadOptions): string {
  return relative(options.root, path) || basename(path);
}

function problem(message: string): Failure {
  return new Failure({
    stage: 'preflight',
    code: 'bad-manifest',
    message,
    hint: 'Correct the input "manifests" or the file that it names.',
    blame: 'change',
  });
}
