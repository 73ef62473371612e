import { HttpMethod } from '@kubernetes/client-node';
import { Failure, type FailureStage } from '../../lib/failure.ts';
import { theResources } from './answers.ts';
import { describe, type ObjectRef } from './objects.ts';
import type { KubeTransport } from './transport.ts';

/**
 * Kinds that every cluster serves. An answer without them is not the API server's: where they seem to be missing, what is
 * there would be taken for nothing.
 */
const ALWAYS: Readonly<Record<string, readonly string[]>> = {
  v1: ['Event', 'Node', 'Pod'],
  'apps/v1': ['Deployment'],
  'coordination.k8s.io/v1': ['Lease'],
  'networking.k8s.io/v1': ['NetworkPolicy'],
};

interface ApiResource {
  plural: string;
  namespaced: boolean;
}

/** Where the cluster has its kinds, asked once per group and version. */
export interface KubeDiscovery {
  /** Path of all objects of a kind, in one namespace or in all; null when the cluster does not know the kind. */
  collection(apiVersion: string, kind: string, namespace?: string): Promise<string | null>;
  /** Path of one object; null when the cluster does not know its kind. */
  object(ref: ObjectRef): Promise<string | null>;
  /** Path of one object, or a Failure that names the kind. */
  require(ref: ObjectRef): Promise<string>;
}

export function createKubeDiscovery({ send, ask }: KubeTransport, stage: FailureStage): KubeDiscovery {
  const discovered = new Map<string, Map<string, ApiResource>>();

  /** A miss asks the cluster again, since a definition may have been installed meanwhile. */
  const resourceOf = async (apiVersion: string, kind: string): Promise<ApiResource | null> => {
    const known = discovered.get(apiVersion)?.get(kind);
    if (known) return known;
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
    return found.get(kind) ?? null;
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
    collection,
    object,
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

function groupPath(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}
