import { HttpMethod } from '@kubernetes/client-node';
import { Failure, type FailureStage } from '../../lib/failure.ts';
import type { Clock } from '../../lib/poll.ts';
import { ANY_GROUPS, THE_GROUPS, theGroup, theResources } from './answers.ts';
import { type ApiResource, CORE_KINDS } from './core-kinds.ts';
import { decoded } from './failures.ts';
import { describe, type ObjectRef } from './objects.ts';
import type { KubeTransport } from './transport.ts';

const CORE = 'v1';
const GROUPS = '/apis';

/**
 * Kinds that every cluster serves. An answer without them is not the API server's: where they seem to be missing, what is
 * there would be taken for nothing.
 */
const ALWAYS: Readonly<Record<string, readonly string[]>> = {
  [CORE]: ['Event', 'Node', 'Pod'],
  'apps/v1': ['Deployment'],
  'coordination.k8s.io/v1': ['Lease'],
  'networking.k8s.io/v1': ['NetworkPolicy'],
};

/** The media types of a document of all kinds, the newest first, and of what an older server has. */
const AGGREGATED = ['v2', 'v2beta1']
  .map((version) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`)
  .concat('application/json')
  .join(',');
const DOCUMENT_LIMIT_MS = 5_000;

/**
 * Where the cluster has its kinds: those of `v1` from a table, the others asked once for all, and once per group and version
 * where a server is older.
 */
export interface KubeDiscovery {
  /**
   * Asks for all groups until there is an answer, which only an authenticated identity gets, and keeps the kinds in it. Throws
   * a Failure where the API server does not respond or refuses the identity.
   */
  reach(): Promise<void>;
  /** Path of all objects of a kind, in one namespace or in all; null when the cluster does not know the kind. */
  collection(apiVersion: string, kind: string, namespace?: string): Promise<string | null>;
  /** Path of one object; null when the cluster does not know its kind. */
  object(ref: ObjectRef): Promise<string | null>;
  /** Path of one object, or a Failure that names the kind. */
  require(ref: ObjectRef): Promise<string>;
  /** Versions of a group, the preferred one first; empty when the cluster does not know the group. */
  versionsOf(group: string, absence?: Absence): Promise<string[]>;
}

/** What counts as evidence that a cluster does not know a group. */
export interface Absence {
  /** How long ago, milliseconds, the cluster may have listed its groups without it. Without, it is asked again. */
  maxAgeMs: number;
}

/** All kinds of a server at one time, but for those of the core group. What it lacks may have been installed since. */
interface Snapshot {
  /** When it was asked for, by the client's clock. */
  askedAtMs: number;
  /** By group; without the core group. */
  versions: ReadonlyMap<string, readonly string[]>;
  /** By API version; without those whose server did not answer. */
  resources: ReadonlyMap<string, ReadonlyMap<string, ApiResource>>;
}

export function createKubeDiscovery(
  { send, ask }: KubeTransport,
  { stage, clock }: { stage: FailureStage; clock: Clock },
): KubeDiscovery {
  const discovered = new Map<string, ReadonlyMap<string, ApiResource>>([[CORE, CORE_KINDS]]);
  const asking = new Map<string, Promise<ReadonlyMap<string, ApiResource> | null>>();
  let snapshot: Promise<Snapshot | null> | undefined;

  /** One try: whatever is odd about the document, the groups are asked one by one, each as often as it takes. */
  const document = async (): Promise<Groups | null> => {
    try {
      const answer = await send(HttpMethod.GET, GROUPS, { accept: AGGREGATED, limitMs: DOCUMENT_LIMIT_MS });
      return answer.status === 200 ? (decoded(GROUPS, answer, THE_GROUPS, stage)?.items ?? null) : null;
    } catch {
      return null;
    }
  };
  const keep = (groups: Groups | null, askedAtMs: number): Snapshot | null => {
    if (!groups) return null;
    const read = { askedAtMs, ...snapshotOf(groups) };
    const isWhole = Object.entries(ALWAYS).every(
      ([apiVersion, kinds]) => apiVersion === CORE || kinds.every((kind) => read.resources.get(apiVersion)?.has(kind)),
    );
    if (!isWhole) return null;
    for (const [apiVersion, found] of read.resources) discovered.set(apiVersion, found);
    return read;
  };
  const all = () => {
    const askedAtMs = clock.now();
    snapshot ??= document().then((groups) => keep(groups, askedAtMs));
    return snapshot;
  };

  const readOne = async (apiVersion: string): Promise<ReadonlyMap<string, ApiResource> | null> => {
    const attempt = () => send(HttpMethod.GET, groupPath(apiVersion));
    const { value } = await ask(`Discovery of ${apiVersion}`, attempt, theResources(apiVersion, ALWAYS[apiVersion]), [
      ...(ALWAYS[apiVersion] ? [] : [404]),
    ]);
    if (!value) return null;
    const found = new Map<string, ApiResource>();
    for (const entry of value.resources) {
      if (!entry.name.includes('/')) found.set(entry.kind, { plural: entry.name, namespaced: entry.namespaced });
    }
    discovered.set(apiVersion, found);
    return found;
  };

  /** A miss asks the cluster again, since a definition may have been installed meanwhile. */
  const resourceOf = async (apiVersion: string, kind: string): Promise<ApiResource | null> => {
    const known = () => discovered.get(apiVersion)?.get(kind);
    const found = known();
    if (found) return found;
    if (apiVersion !== CORE) await all();
    const listed = known();
    if (listed) return listed;
    const one = asking.get(apiVersion) ?? readOne(apiVersion).finally(() => asking.delete(apiVersion));
    asking.set(apiVersion, one);
    return (await one)?.get(kind) ?? null;
  };

  const collection: KubeDiscovery['collection'] = async (apiVersion, kind, namespace) => {
    const resource = await resourceOf(apiVersion, kind);
    if (!resource) return null;
    const scope = resource.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : '';
    return `${groupPath(apiVersion)}${scope}/${resource.plural}`;
  };
  const object: KubeDiscovery['object'] = async (ref) => {
    const path = await collection(ref.apiVersion, ref.kind, ref.namespace);
    return path && `${path}/${encodeURIComponent(ref.name)}`;
  };
  return {
    async reach() {
      let askedAtMs = clock.now();
      const attempt = () => {
        askedAtMs = clock.now();
        return send(HttpMethod.GET, GROUPS, { accept: AGGREGATED });
      };
      const { value } = await ask('List of API groups', attempt, ANY_GROUPS);
      snapshot = Promise.resolve(keep(value?.items ?? null, askedAtMs));
    },
    collection,
    object,
    async versionsOf(group, absence) {
      const read = await all();
      const listed = read?.versions.get(group);
      if (listed) return [...listed];
      if (read && absence && clock.now() - read.askedAtMs <= absence.maxAgeMs) return [];
      const attempt = () => send(HttpMethod.GET, `/apis/${group}`);
      const { value } = await ask(`API group ${group}`, attempt, theGroup(group), [404]);
      if (!value) return [];
      const names = value.versions.map(({ version }) => version);
      const preferred = value.preferredVersion?.version;
      return preferred ? [preferred, ...names.filter((name) => name !== preferred)] : names;
    },
    async require(ref) {
      const path = await object(ref);
      if (path) return path;
      throw new Failure({
        stage,
        code: 'kind-unknown',
        message: `The cluster does not know ${ref.kind} in ${ref.apiVersion} (${describe(ref)}).`,
        hint: 'Install its CustomResourceDefinition, or change the manifest to a version that the cluster serves.',
        evidence: { apiVersion: ref.apiVersion, kind: ref.kind },
      });
    },
  };
}

type Groups = NonNullable<ReturnType<(typeof THE_GROUPS)['decode']>>['items'];

function snapshotOf(groups: Groups): Omit<Snapshot, 'askedAtMs'> {
  const resources = new Map<string, Map<string, ApiResource>>();
  for (const { metadata, versions } of groups) {
    for (const { version, resources: entries, freshness } of versions) {
      if (metadata.name && freshness !== 'Stale') resources.set(`${metadata.name}/${version}`, kindsOf(entries));
    }
  }
  const versions = groups.map(({ metadata, versions: each }) => [
    metadata.name ?? '',
    each.map(({ version }) => version),
  ]);
  return { versions: new Map(versions as [string, string[]][]), resources };
}

/** A resource without a kind of its own is only the parent of a subresource. */
function kindsOf(entries: Groups[number]['versions'][number]['resources']): Map<string, ApiResource> {
  return new Map(
    entries.flatMap(({ resource, responseKind, scope }): [string, ApiResource][] =>
      responseKind?.kind ? [[responseKind.kind, { plural: resource, namespaced: scope === 'Namespaced' }]] : [],
    ),
  );
}

function groupPath(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}
