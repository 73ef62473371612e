import { type KserveTraits, type KserveVersion, kserveTraits } from './cluster/kserve-versions.ts';
import { holderPriority, provisioningRequestDefinition } from './cluster/seed/capacity.ts';
import { gatewayObjects } from './cluster/seed/gateway.ts';
import { gatewayApiDefinitions } from './cluster/seed/gateway-crds.ts';
import { inferenceModelDefinitions, inferencePoolDefinitions } from './cluster/seed/inference-crds.ts';
import { istioDefinitions } from './cluster/seed/istio-crds.ts';
import { llmInferenceServiceDefinition } from './cluster/seed/llmisvc-crd.ts';
import { component, namespaceObject, secretObject } from './cluster/seed/objects.ts';
import { patternOneObjects } from './cluster/seed/pattern1.ts';
import type { KubeObject } from './protocol.ts';
import type { ClusterFaults } from './scenarios/types.ts';

export interface SeedOptions {
  /** Of the workload. */
  namespace: string;
  /** The gateway and where clients reach it. */
  gateway: { namespace: string; name: string; host: string; port: number };
  /** How the cluster differs from a healthy one. */
  faults?: Pick<ClusterFaults, 'add' | 'remove' | 'patch'>;
  /** Whether nodes come by demand of pods. */
  byDemand?: boolean;
  /** The controller of KServe, and with it the release of Istio; ODH v0.15 unless given. */
  kserve?: KserveVersion;
  /** Definitions to use in place of the compact ones, e.g. the projects' own. */
  crds?: KubeObject[];
}

const PULL_SECRET = 'redhat-pull-secret';
const DOCKER_CONFIG = { '.dockerconfigjson': '{"auths":{}}' };

/**
 * What the cluster holds before a run: namespaces, secrets, definitions, Istio with its gateway, the KServe controller,
 * and Pattern 1 as the last experiment left it, its pods waiting for a node pool that is at zero.
 */
export function seedObjects(options: SeedOptions): KubeObject[] {
  const { add, remove, patch } = options.faults ?? { add: [], remove: [], patch: [] };
  const id = ({ kind, metadata }: KubeObject) => [kind, metadata.namespace, metadata.name].filter(Boolean).join('/');
  const there = healthyObjects(options).filter((object) => !remove.includes(id(object)));
  for (const { kind, namespace, name, patch: change } of patch) {
    const at = there.findIndex((object) => id(object) === [kind, namespace, name].filter(Boolean).join('/'));
    const object = there[at];
    if (!object) throw new Error(`the lab has no ${kind} ${name} to change`);
    there[at] = merged(object, change) as KubeObject;
  }
  return [...there, ...(structuredClone(add) as unknown as KubeObject[])];
}

/** JSON merge patch (RFC 7396). */
function merged(value: unknown, change: unknown): unknown {
  if (change === null || typeof change !== 'object' || Array.isArray(change)) return change;
  const base = value !== null && typeof value === 'object' && !Array.isArray(value) ? { ...value } : {};
  const result = base as Record<string, unknown>;
  for (const [key, inner] of Object.entries(change)) {
    if (inner === null) delete result[key];
    else result[key] = merged(result[key], inner);
  }
  return result;
}

function healthyObjects({ namespace, gateway, crds, kserve, byDemand }: SeedOptions): KubeObject[] {
  const { controller, istio, stored } = kserveTraits(kserve);
  const others = new Set(['default', 'kube-system', 'istio-system', 'opendatahub', 'kserve', gateway.namespace]);
  others.delete(namespace);
  return [
    ...[...others].map((name) => namespaceObject(name)),
    namespaceObject(namespace, { 'istio-injection': 'enabled' }),
    ...definitions(crds, stored),
    ...(byDemand ? [provisioningRequestDefinition(), holderPriority()] : []),
    secretObject(namespace, 'hf-token', 'Opaque', { HF_TOKEN: 'hf_rehearsal' }),
    ...[namespace, gateway.namespace].map((where) =>
      secretObject(where, PULL_SECRET, 'kubernetes.io/dockerconfigjson', DOCKER_CONFIG),
    ),
    ...gatewayObjects(gateway, istio),
    component(
      'istio-system',
      'istiod',
      { name: 'discovery', image: `docker.io/istio/pilot:${istio}` },
      { app: 'istiod', istio: 'pilot' },
    ),
    component(controller.namespace, controller.name, { name: 'manager', image: controller.image }, controller.labels),
    ...patternOneObjects(namespace, gateway, stored),
  ];
}

/** The given ones, and those of the compact ones that no release of today brings any more. */
function definitions(crds: KubeObject[] | undefined, stored: KserveTraits['stored']): KubeObject[] {
  const given = crds ?? compactDefinitions(stored);
  const names = new Set(given.map(({ metadata }) => metadata.name));
  return [...given, ...inferenceModelDefinitions().filter(({ metadata }) => !names.has(metadata.name))];
}

function compactDefinitions(stored: KserveTraits['stored']): KubeObject[] {
  return [
    llmInferenceServiceDefinition(stored),
    ...inferencePoolDefinitions(),
    ...gatewayApiDefinitions(),
    ...istioDefinitions(),
  ];
}
