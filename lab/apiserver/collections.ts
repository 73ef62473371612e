import * as resources from '../cluster/resources.ts';
import type { KubeObject } from '../protocol.ts';
import type { Collection } from './mirror.ts';

const of = (
  key: { group: string; plural: string },
  apiVersion: string,
  kind: string,
  { namespaced = true, hasStatus = false } = {},
): Collection => ({ ...key, apiVersion, kind, namespaced, hasStatus });

/** The built-in kinds that the lab's controllers read or write. */
const BUILT_IN: Collection[] = [
  of(resources.NAMESPACES, 'v1', 'Namespace', { namespaced: false, hasStatus: true }),
  of(resources.NODES, 'v1', 'Node', { namespaced: false, hasStatus: true }),
  of(resources.PODS, 'v1', 'Pod', { hasStatus: true }),
  of(resources.SERVICES, 'v1', 'Service', { hasStatus: true }),
  of(resources.SECRETS, 'v1', 'Secret'),
  of(resources.CONFIG_MAPS, 'v1', 'ConfigMap'),
  of(resources.SERVICE_ACCOUNTS, 'v1', 'ServiceAccount'),
  of(resources.EVENTS, 'v1', 'Event'),
  of(resources.DEPLOYMENTS, 'apps/v1', 'Deployment', { hasStatus: true }),
  of(resources.REPLICA_SETS, 'apps/v1', 'ReplicaSet', { hasStatus: true }),
  of(resources.ENDPOINT_SLICES, 'discovery.k8s.io/v1', 'EndpointSlice'),
  of(resources.DISRUPTION_BUDGETS, 'policy/v1', 'PodDisruptionBudget', { hasStatus: true }),
  of(resources.NETWORK_POLICIES, 'networking.k8s.io/v1', 'NetworkPolicy'),
  of(resources.CRDS, 'apiextensions.k8s.io/v1', 'CustomResourceDefinition', { namespaced: false, hasStatus: true }),
];

/** All that is mirrored: the built-in kinds, and one collection for each definition at the version that it stores. */
export function collectionsOf(definitions: readonly KubeObject[]): Collection[] {
  return [
    ...BUILT_IN,
    ...definitions.map(({ spec }) => {
      const versions = spec.versions as { name: string; storage: boolean; subresources?: { status?: unknown } }[];
      const stored = versions.find(({ storage }) => storage) as (typeof versions)[number];
      return of({ group: spec.group, plural: spec.names.plural }, `${spec.group}/${stored.name}`, spec.names.kind, {
        namespaced: spec.scope === 'Namespaced',
        hasStatus: stored.subresources?.status !== undefined,
      });
    }),
  ];
}
