import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** What Go's source adds to a field of the OpenAPI schema. */
export interface GoField {
  /** A pointer: its zero value differs from an absent one. */
  pointer: boolean;
  /** Protobuf field numbers, from the outer message to the inner one; empty where the field is not on the wire. */
  numbers: number[];
}

/** The fields of a Go struct by their JSON name, for the full name of its schema. Throws for an unknown struct. */
export type GoFields = (schemaName: string) => Map<string, GoField>;

interface Member {
  /** The type of an embedded struct without its package, else null. */
  embedded: string | null;
  json: string;
  pointer: boolean;
  number: number | null;
}

/** Modules whose types reach the table; a schema's name starts with the first text. */
const MODULES = [
  ['io.k8s.api.', 'k8s.io/api'],
  ['io.k8s.apimachinery.', 'k8s.io/apimachinery'],
  ['io.k8s.apiextensions-apiserver.', 'k8s.io/apiextensions-apiserver'],
] as const;

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.';

/** Where the source of each module is, in the order of `MODULES`. */
export type GoModules = string[];

/**
 * Downloads the modules that belong to a Kubernetes version such as `v1.34.4`, unless Go has them already. Returns the
 * reason, as text, where Go or the modules cannot be had.
 */
export async function downloadGoModules(version: string): Promise<GoModules | string> {
  const modules = MODULES.map(([, module]) => `${module}@${version.replace(/^v1\./, 'v0.')}`);
  // A go.mod or go.work in the working folder would have a say in the versions.
  const options = { cwd: '/', env: { ...process.env, GOWORK: 'off', GOFLAGS: '' } };
  try {
    const { stdout } = await promisify(execFile)('go', ['mod', 'download', '-json', ...modules], options);
    const folders = [...stdout.matchAll(/^\t"Dir": (".*"),?$/gm)].map(
      ([, folder = '']) => JSON.parse(folder) as string,
    );
    return folders.length === MODULES.length ? folders : `go mod download found ${folders.length} of ${modules.length}`;
  } catch (error) {
    return `go mod download: ${(error as Error).message}`;
  }
}

/**
 * Reads the structs in types.go beside each of the named schemas. Their tags are what generated.proto is made from.
 * Throws when a file is missing.
 */
export async function readGoFields(modules: GoModules, schemaNames: readonly string[]): Promise<GoFields> {
  const structs = new Map<string, Member[]>();
  const packages = new Set([...schemaNames, META].map((name) => name.slice(0, name.lastIndexOf('.') + 1)));
  for (const [index, [prefix]] of MODULES.entries()) {
    for (const name of [...packages].filter((each) => each.startsWith(prefix))) {
      const path = name.slice(prefix.length).split('.').join('/');
      const source = await readFile(join(modules[index] as string, path, 'types.go'), 'utf8');
      for (const [struct, members] of parseStructs(source)) structs.set(`${name}${struct}`, members);
    }
  }
  return (schemaName) => fieldsOf(schemaName, structs);
}

function fieldsOf(schemaName: string, structs: Map<string, Member[]>): Map<string, GoField> {
  const members = structs.get(schemaName);
  if (!members) throw new Error(`no Go struct for ${schemaName}`);
  const fields = new Map<string, GoField>();
  for (const { embedded, json, pointer, number } of members) {
    if (embedded === null || json !== '') {
      fields.set(json, { pointer, numbers: number === null ? [] : [number] });
      continue;
    }
    const own = `${schemaName.slice(0, schemaName.lastIndexOf('.') + 1)}${embedded}`;
    for (const [name, inner] of fieldsOf(structs.has(own) ? own : META + embedded, structs)) {
      // A struct that is embedded without a number, which is TypeMeta, is not on the wire.
      fields.set(name, { ...inner, numbers: number === null ? [] : [number, ...inner.numbers] });
    }
  }
  return fields;
}

const STRUCT = /^type (\w+) struct \{\n([\s\S]*?)^\}/gm;
const MEMBER = /^\t(?:(\w+)\s+)?(\S+)\s+`(.*)`/;

/** The structs of a file by name. Members without a tag for JSON are left out. */
function parseStructs(source: string): Map<string, Member[]> {
  const found = new Map<string, Member[]>();
  for (const [, name = '', body = ''] of source.matchAll(STRUCT)) {
    found.set(
      name,
      body.split('\n').flatMap((line) => {
        const [, field, type = '', tags = ''] = MEMBER.exec(line) ?? [];
        const json = /json:"([^",]*)/.exec(tags)?.[1];
        if (json === undefined || json === '-') return [];
        const number = /protobuf:"\w+,(\d+)/.exec(tags)?.[1];
        const embedded = field === undefined ? type.replace(/^\*?(?:\w+\.)?/, '') : null;
        return [{ embedded, json, pointer: type.startsWith('*'), number: number ? Number(number) : null }];
      }),
    );
  }
  return found;
}
