import {
  anything,
  type Decoder,
  exactly,
  flag,
  isMismatch,
  list,
  matching,
  maybe,
  mismatch,
  name,
  object,
  quoted,
  some,
  text,
  type Wanted,
} from '../../lib/decode.ts';
import type { KindMap, ObjectOf } from './kinds.ts';
import type { ObjectRef } from './objects.ts';
import { metadata, SHAPES } from './shapes.ts';

/** A body with a kind, which is looked at first: another kind explains all other odds. */
function ofKind<T>(
  kind: string,
  decode: Decoder<T>,
  noun = `${/^[AEIOU]/.test(kind) ? 'an' : 'a'} ${kind}`,
): Wanted<T> {
  return {
    noun,
    decode(value, path) {
      const seen = object({ kind: text })(value, path);
      if (seen.kind === 'Status' && kind !== 'Status') {
        const { message } = some({ message: text })(value, path);
        throw mismatch('', `is a Status${message ? `: ${quoted(message)}` : ''}`);
      }
      exactly(kind)(seen.kind, 'kind');
      return decode(value, path);
    },
  };
}

const fieldsOf = (kind: string): Decoder<Record<string, unknown>> => some(SHAPES[kind as keyof KindMap] ?? {});

/** The object that was asked for by name: of its kind, its name and its namespace, with a UID. */
export function theObject<Kind extends string>(ref: ObjectRef<Kind>, { stored = true } = {}): Wanted<ObjectOf<Kind>> {
  const fields = fieldsOf(ref.kind);
  return ofKind(ref.kind, (value, path) => {
    const read = object({ apiVersion: exactly(ref.apiVersion), metadata })(fields(value, path), path);
    exactly(ref.name)(read.metadata.name, 'metadata.name');
    // An object of the whole cluster has none, whatever the reference says.
    if (ref.namespace !== undefined && read.metadata.namespace !== undefined) {
      exactly(ref.namespace)(read.metadata.namespace, 'metadata.namespace');
    }
    if (stored) name(read.metadata.uid, 'metadata.uid');
    return read as unknown as ObjectOf<Kind>;
  });
}

/** One page of a list. Some servers write null for a list without items. */
export interface Page<T> {
  items: T[];
  /** What the next page is asked for with; null for the last one. */
  next: string | null;
}

/** A page of a list of objects; items of built-in kinds carry neither kind nor version, so both are added. */
export function thePage<Kind extends string>(
  apiVersion: string,
  kind: Kind,
  namespace: string | undefined,
): Wanted<Page<ObjectOf<Kind>>> {
  const fields = fieldsOf(kind);
  const item: Decoder<ObjectOf<Kind>> = (value, path) => {
    const read = object({ metadata, kind: maybe(exactly(kind)) })(fields(value, path), path);
    name(read.metadata.uid, `${path}.metadata.uid`);
    if (namespace !== undefined && read.metadata.namespace !== undefined) {
      exactly(namespace)(read.metadata.namespace, `${path}.metadata.namespace`);
    }
    return { ...read, apiVersion, kind } as unknown as ObjectOf<Kind>;
  };
  const page = object({
    apiVersion: exactly(apiVersion),
    metadata: some({ continue: text }),
    items: list(item, 'or-null'),
  });
  return ofKind(`${kind}List`, (value, path) => {
    if (!('items' in (value as object))) throw mismatch('items', 'is missing');
    const { items, metadata: about } = page(value, path);
    return { items, next: about.continue || null };
  });
}

/** What a DELETE brings: the object on its way out, or a Status of success. */
export function theDeletion(ref: ObjectRef): Wanted<unknown> {
  const gone = theObject(ref);
  const status = object({ status: maybe(exactly('Success')) });
  const decode: Decoder<unknown> = (value, path) =>
    object({ kind: text })(value, path).kind === 'Status' ? status(value, path) : gone.decode(value, path);
  return { noun: `the end of a ${ref.kind}`, decode };
}

/** `v1.33.4-gke.100`. */
export const SERVER_VERSION: Wanted<{ gitVersion: string }> = {
  noun: 'a version',
  decode: object({ gitVersion: name }),
};

/** The kinds of one group and version; a list without one of the `always` does not count. */
export function theResources(groupVersion: string, always: readonly string[] = []) {
  const resource = object({ name, kind: name, namespaced: flag });
  const fields = object({ groupVersion: exactly(groupVersion), resources: list(resource, 'or-null') });
  return ofKind('APIResourceList', (value, path) => {
    const read = fields(value, path);
    const missing = always.find((kind) => !read.resources.some((one) => one.kind === kind));
    if (missing) throw mismatch('resources', `has no ${missing}`);
    return read;
  });
}

/** One version of a group in an aggregated discovery document. `Stale` when its server did not answer. */
const groupVersion = object({
  version: name,
  resources: list(
    object({
      resource: name,
      responseKind: maybe(object({ kind: text })),
      scope: matching(/^(?:Namespaced|Cluster)$/, 'Namespaced or Cluster'),
    }),
    'or-null',
  ),
  freshness: maybe(text),
});

/** The groups of a server by name; the core group has an empty one, or none. */
const groupDiscovery = object({
  items: list(object({ metadata: object({ name: maybe(text) }), versions: list(groupVersion, 'or-null') }), 'or-null'),
});

/**
 * All kinds of `/api` or `/apis` in one document (apidiscovery.k8s.io, served since Kubernetes 1.27 and stable since 1.30).
 * An older server answers with the names of its groups alone, which is null here.
 */
export const THE_GROUPS: Wanted<ReturnType<typeof groupDiscovery> | null> = {
  noun: 'an APIGroupDiscoveryList',
  decode(value, path) {
    const { kind } = object({ kind: text })(value, path);
    if (kind === 'APIGroupList' || kind === 'APIVersions') return null;
    return ofKind('APIGroupDiscoveryList', groupDiscovery).decode(value, path);
  },
};

/** The same from a server that is only to be reached: a document with an oddity of its own is null too. */
export const ANY_GROUPS: typeof THE_GROUPS = {
  noun: THE_GROUPS.noun,
  decode(value, path) {
    try {
      return THE_GROUPS.decode(value, path);
    } catch (error) {
      const { kind } = some({ kind: text })(value, path);
      if (isMismatch(error) && kind === 'APIGroupDiscoveryList') return null;
      throw error;
    }
  },
};

/** The versions of one group. */
export function theGroup(group: string) {
  const version = object({ version: name });
  return ofKind(
    'APIGroup',
    object({ name: exactly(group), versions: list(version), preferredVersion: maybe(version) }),
  );
}

const rule = object({
  verbs: list(text, 'or-null'),
  apiGroups: list(text, 'or-null'),
  resources: list(text, 'or-null'),
  resourceNames: maybe(list(text)),
});

/** Which rules hold for the one who asks. Lists without items are null in Go. */
export const RULES_REVIEW = ofKind(
  'SelfSubjectRulesReview',
  object({ status: object({ resourceRules: list(rule, 'or-null') }) }),
);

/** Whether the one who asks may do a thing. */
export const ACCESS_REVIEW = ofKind('SelfSubjectAccessReview', object({ status: object({ allowed: flag }) }));

/** Whether another user may do a thing. */
export const USER_REVIEW = ofKind('SubjectAccessReview', object({ status: object({ allowed: flag }) }));

/** Type and keys of a Secret. Its values are looked at by nobody. */
export function theSecret(namespace: string, secret: string): Wanted<{ type: string | undefined; keys: string[] }> {
  const { noun, decode } = theObject({ apiVersion: 'v1', kind: 'Secret', name: secret, namespace });
  const fields = object({ type: maybe(text), data: maybe(object({})) });
  return {
    noun,
    decode(value, path) {
      const { type, data } = fields(decode(value, path), path);
      return { type, keys: Object.keys(data ?? {}) };
    },
  };
}

/**
 * Whether a 404 is the API server's own: a Status, or the line that it has for a path of no group. It always has the core
 * group, of which that line is somebody else's.
 */
export function isOwnNotFound({ path = '', body }: { path?: string; body: string }): boolean {
  if (/^404 page not found\s*$/.test(body)) return !path.startsWith('/api/v1/');
  try {
    const { kind } = object({ kind: anything })(JSON.parse(body), '');
    return kind === 'Status';
  } catch {
    return false;
  }
}
