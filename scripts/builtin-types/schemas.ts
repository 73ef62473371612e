/** A schema of Kubernetes' OpenAPI v3 documents, as far as the table needs it. */
export interface Schema {
  type?: string;
  format?: string;
  default?: unknown;
  $ref?: string;
  allOf?: Schema[];
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: Schema;
  'x-kubernetes-list-type'?: string;
  'x-kubernetes-list-map-keys'?: string[];
  'x-kubernetes-map-type'?: string;
  'x-kubernetes-group-version-kind'?: { group: string; version: string; kind: string }[];
}

/** Schemas by their full name, e.g. `io.k8s.api.core.v1.Pod`. */
export type Schemas = Record<string, Schema>;

/** The part of `RealKube` that is needed here. */
export interface Server {
  ask(method: string, path: string): Promise<{ status: number; body: unknown }>;
}

/** All schemas of the given group versions, the core group being ''. Throws when the server has no such document. */
export async function readSchemas(server: Server, groupVersions: readonly string[]): Promise<Schemas> {
  const schemas: Schemas = {};
  for (const groupVersion of groupVersions) {
    const path = `/openapi/v3/${groupVersion.includes('/') ? 'apis' : 'api'}/${groupVersion}`;
    const document = (await read(server, path)) as { components: { schemas: Schemas } };
    Object.assign(schemas, document.components.schemas);
  }
  return schemas;
}

/** The server's version, e.g. `v1.34.4`. */
export async function readVersion(server: Server): Promise<string> {
  return ((await read(server, '/version')) as { gitVersion: string }).gitVersion;
}

async function read(server: Server, path: string): Promise<unknown> {
  const { status, body } = await server.ask('GET', path);
  if (status !== 200) throw new Error(`GET ${path}: HTTP ${status}`);
  return body;
}

/** The full name of the schema that this one refers to; undefined when it is not a reference. */
export function refName(schema: Schema): string | undefined {
  const ref = schema.$ref ?? schema.allOf?.[0]?.$ref;
  return ref?.slice(ref.lastIndexOf('/') + 1);
}
