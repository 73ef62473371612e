import { gatewayObjects } from './cluster/seed/gateway.ts';
import { gatewayApiDefinitions } from './cluster/seed/gateway-crds.ts';
import { inferencePoolDefinitions } from './cluster/seed/inference-crds.ts';
import { istioDefinitions } from './cluster/seed/istio-crds.ts';
import { llmInferenceServiceDefinition } from './cluster/seed/llmisvc-crd.ts';
import { component, namespaceObject, secretObject } from './cluster/seed/objects.ts';
import { patternOneObjects } from './cluster/seed/pattern1.ts';
import type { KubeObject } from './protocol.ts';

export interface SeedOptions {
  /** Of the workload. */
  namespace: string;
  /** The gateway and where clients reach it. */
  gateway: { namespace: string; name: string; host: string; port: number };
  /** Definitions to use in place of the compact ones, e.g. the projects' own. */
  crds?: KubeObject[];
}

const PULL_SECRET = 'redhat-pull-secret';
const DOCKER_CONFIG = { '.dockerconfigjson': '{"auths":{}}' };

/**
 * What the cluster holds before a run: namespaces, secrets, definitions, Istio with its gateway, the KServe controller,
 * and Pattern 1 as the last experiment left it, its pods waiting for a node pool that is at zero.
 */
export function seedObjects({ namespace, gateway, crds }: SeedOptions): KubeObject[] {
  const others = new Set(['default', 'kube-system', 'istio-system', 'opendatahub', gateway.namespace]);
  others.delete(namespace);
  return [
    ...[...others].map((name) => namespaceObject(name)),
    namespaceObject(namespace, { 'istio-injection': 'enabled' }),
    ...(crds ?? compactDefinitions()),
    secretObject(namespace, 'hf-token', 'Opaque', { HF_TOKEN: 'hf_rehearsal' }),
    ...[namespace, gateway.namespace].map((where) =>
      secretObject(where, PULL_SECRET, 'kubernetes.io/dockerconfigjson', DOCKER_CONFIG),
    ),
    ...gatewayObjects(gateway),
    component(
      'istio-system',
      'istiod',
      { name: 'discovery', image: 'docker.io/istio/pilot:1.27.3' },
      { app: 'istiod', istio: 'pilot' },
    ),
    component(
      'opendatahub',
      'kserve-controller-manager',
      { name: 'manager', image: 'quay.io/opendatahub/kserve-controller:v0.15-latest' },
      { 'control-plane': 'kserve-controller-manager' },
    ),
    ...patternOneObjects(namespace, gateway),
  ];
}

function compactDefinitions(): KubeObject[] {
  return [
    llmInferenceServiceDefinition(),
    ...inferencePoolDefinitions(),
    ...gatewayApiDefinitions(),
    ...istioDefinitions(),
  ];
}
