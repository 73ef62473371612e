/**
 * What the llmisvc controllers of KServe do differently from one version to the next, as far as a client of the cluster
 * sees it. Sources: pkg/controller/v1alpha*\/llmisvc and config/llmisvcconfig of kserve/kserve and opendatahub-io/kserve,
 * and runs of all three on a real API server.
 */
export interface KserveTraits {
  /** The controller's own Deployment. */
  controller: { namespace: string; name: string; image: string; labels: Record<string, string> };
  /** Release of Istio that goes with it: the x-k8s.io pools end with 1.27. */
  istio: string;
  /** Version that an LLMInferenceService is stored at. */
  stored: 'v1alpha1' | 'v1alpha2';
  /** ODH writes the DestinationRules for the certificates that it makes; upstream does not. */
  writesRules: boolean;
  /** Makes an InferenceModel before the endpoint picker, and no picker without that kind. */
  inferenceModel: boolean;
  /** Finds a gateway's URL by way of its GatewayClass. */
  needsGatewayClass: boolean;
  /** Three rules without names, or twelve with names, header matches and exact paths. */
  route: 'three-rules' | 'named-rules';
  pickerStrategy: 'RollingUpdate' | 'Recreate';
  /** A new certificate replaces the endpoint picker. */
  hashesCertificate: boolean;
  presets: 'odh-v0.15' | 'v0.20';
  /** Annotation of the certificate's Secret. */
  expiration: string;
  /** Seconds of cluster time until the controller has seen that the gateway refuses a pool group. */
  migratesAfter: number;
  /** Whether status lists gateways and workloads. */
  observes: boolean;
  /** Leaves the replicas of a Deployment alone where the service names none (`PreserveDeploymentReplicas`). */
  keepsReplicas: boolean;
}

const UPSTREAM = {
  controller: {
    namespace: 'kserve',
    name: 'llmisvc-controller-manager',
    labels: { 'control-plane': 'llmisvc-controller-manager', 'controller-tools.k8s.io': '1.0' },
  },
  istio: '1.28.5',
  stored: 'v1alpha2',
  writesRules: false,
  inferenceModel: false,
  pickerStrategy: 'Recreate',
  expiration: 'certificates.kserve.io/expiration',
  // With the 100m of CPU that the controller is shipped with, it took 3 to 15 s.
  migratesAfter: 5,
} as const;

const VERSIONS = {
  'odh-v0.15': {
    controller: {
      namespace: 'opendatahub',
      name: 'kserve-controller-manager',
      image: 'quay.io/opendatahub/kserve-controller:v0.15-latest',
      labels: { 'control-plane': 'kserve-controller-manager' },
    },
    istio: '1.27.3',
    stored: 'v1alpha1',
    writesRules: true,
    inferenceModel: true,
    needsGatewayClass: false,
    route: 'three-rules',
    pickerStrategy: 'RollingUpdate',
    hashesCertificate: false,
    presets: 'odh-v0.15',
    expiration: 'certificates.kserve.io/expiration-v2',
    migratesAfter: 0,
    observes: false,
    keepsReplicas: false,
  },
  'v0.17': {
    ...UPSTREAM,
    controller: { ...UPSTREAM.controller, image: 'docker.io/kserve/llmisvc-controller:v0.17.1' },
    needsGatewayClass: false,
    route: 'three-rules',
    hashesCertificate: true,
    presets: 'odh-v0.15',
    observes: false,
    keepsReplicas: false,
  },
  'v0.20': {
    ...UPSTREAM,
    controller: { ...UPSTREAM.controller, image: 'docker.io/kserve/llmisvc-controller:v0.20.0' },
    needsGatewayClass: true,
    route: 'named-rules',
    hashesCertificate: false,
    presets: 'v0.20',
    observes: true,
    keepsReplicas: true,
  },
} as const satisfies Record<string, KserveTraits>;

export type KserveVersion = keyof typeof VERSIONS;

/** The versions by the names that the commands take; the first is the default. */
export const KSERVE_VERSIONS = Object.keys(VERSIONS) as [KserveVersion, ...KserveVersion[]];
export const DEFAULT_KSERVE: KserveVersion = 'odh-v0.15';

export function kserveTraits(version: KserveVersion = DEFAULT_KSERVE): KserveTraits {
  return VERSIONS[version];
}

/** A sentence for a name that is none of the versions. */
export function unknownKserve(name: string): string {
  return `KServe "${name}" is not known; allowed: ${KSERVE_VERSIONS.join(', ')}.`;
}

/** The version of that name; undefined when there is none. */
export function kserveVersion(name: string): KserveVersion | undefined {
  return KSERVE_VERSIONS.find((version) => version === name);
}
