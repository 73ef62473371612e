import type { KubeObject, ObjectRef } from '../../../clients/kubernetes/objects.ts';
import { hostAndPort } from '../../../lib/url.ts';
import { LOAD_NAME, PLAN_MAP, REPORTS_MAP } from '../../../load/shard/messages.ts';
import { MANAGED_BY, RUN_ANNOTATION } from '../../deploy/marks.ts';

/** The ConfigMap with the program of the load clients, and with the user's own prompts. */
export const BUNDLE_MAP = `${LOAD_NAME}-bundle`;
/** Marks the pods of the load clients. */
const LOAD_LABEL = 'tpu-serving-gate/load';
/** A ConfigMap holds 1 MiB at most; the rest is for its own names. */
export const BUNDLE_LIMIT_BYTES = 1_000_000;

const ACCOUNT = '/var/run/load/account';
const SCRIPT = '/var/run/load/script';
/** The kubelet renews a token of an hour while the pod lives. */
const TOKEN_SECONDS = 3_600;
/** How long what is left of a Job stays after its end, with all that belongs to it. */
const TTL_SECONDS = 300;
const UID = 1_000;

export interface JobOptions {
  namespace: string;
  runKey: string;
  image: string;
  shards: number;
  pairDurationMs: number;
  /** The Job ends by then, also when the run was killed. */
  deadlineSeconds: number;
  /** Local queue of Kueue; empty without one. */
  queue: string;
  ownPrompts: boolean;
  gateway: { namespace: string; name: string };
}

/** Whether a run may start load clients in the cluster, so that it needs the rights and its release looks for the Job. */
export function mayLoadInCluster({ loadFrom, loadImage }: { loadFrom: string; loadImage: string }): boolean {
  return loadFrom !== 'runner' && loadImage !== '';
}

/** The Job of the load clients. One run at a time has it in a namespace. */
export function loadJobRef(namespace: string): ObjectRef<'Job'> {
  return { apiVersion: 'batch/v1', kind: 'Job', name: LOAD_NAME, namespace };
}

/** An Indexed Job with a pod for each load client, near the gateway and on no node with TPUs. */
export function loadJob(options: JobOptions): KubeObject {
  const { namespace, runKey, shards, deadlineSeconds, queue } = options;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      ...{ name: LOAD_NAME, namespace, annotations: { [RUN_ANNOTATION]: runKey } },
      labels: { ...MANAGED_BY, ...(queue === '' ? {} : { 'kueue.x-k8s.io/queue-name': queue }) },
    },
    spec: {
      ...{ completions: shards, parallelism: shards, completionMode: 'Indexed', backoffLimit: 0 },
      ...{ activeDeadlineSeconds: deadlineSeconds, ttlSecondsAfterFinished: TTL_SECONDS },
      template: {
        metadata: {
          labels: { ...MANAGED_BY, [LOAD_LABEL]: runKey, 'sidecar.istio.io/inject': 'false' },
          // A sidecar would be between the load and the gateway, and keep the pod from its end.
          annotations: { 'sidecar.istio.io/inject': 'false' },
        },
        spec: podSpec(options),
      },
    },
  };
}

function podSpec({ image, shards, pairDurationMs, ownPrompts, gateway, runKey }: JobOptions): Record<string, unknown> {
  return {
    ...{ serviceAccountName: LOAD_NAME, automountServiceAccountToken: false, enableServiceLinks: false },
    ...{ restartPolicy: 'Never', terminationGracePeriodSeconds: 5 },
    affinity: {
      nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [NO_TPU] } },
      podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [near(gateway)] },
    },
    topologySpreadConstraints: [
      {
        ...{ maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway' },
        labelSelector: { matchLabels: { [LOAD_LABEL]: runKey } },
      },
    ],
    securityContext: {
      ...{ runAsNonRoot: true, runAsUser: UID, runAsGroup: UID, fsGroup: UID },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [
      {
        ...{ name: 'load', image, imagePullPolicy: 'IfNotPresent', command: ['node', `${SCRIPT}/load.js`] },
        env: [
          { name: 'LOAD_SHARDS', value: String(shards) },
          { name: 'LOAD_ACCOUNT', value: ACCOUNT },
          { name: 'LOAD_PAIR_MS', value: String(pairDurationMs) },
          ...(ownPrompts ? [{ name: 'LOAD_PROMPTS', value: `${SCRIPT}/prompts.json` }] : []),
        ],
        resources: { requests: { cpu: '1', memory: '512Mi' }, limits: { cpu: '2', memory: '1Gi' } },
        securityContext: {
          ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
          capabilities: { drop: ['ALL'] },
        },
        volumeMounts: [
          { name: 'script', mountPath: SCRIPT, readOnly: true },
          { name: 'account', mountPath: ACCOUNT, readOnly: true },
        ],
      },
    ],
    volumes: [
      { name: 'script', configMap: { name: BUNDLE_MAP } },
      { name: 'account', projected: { sources: ACCOUNT_SOURCES } },
    ],
  };
}

/** GKE puts the label on every node with TPUs. They carry the taint `google.com/tpu` too, which the pods do not tolerate. */
const NO_TPU = {
  matchExpressions: [{ key: 'cloud.google.com/gke-tpu-accelerator', operator: 'DoesNotExist' }],
};

const ACCOUNT_SOURCES = [
  { serviceAccountToken: { path: 'token', expirationSeconds: TOKEN_SECONDS } },
  { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
  { downwardAPI: { items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
];

/** In the zone of the gateway's pods, which carry its name (gateway-api, GEP-1762). */
function near({ namespace, name }: JobOptions['gateway']): Record<string, unknown> {
  return {
    weight: 100,
    podAffinityTerm: {
      ...{ namespaces: [namespace], topologyKey: 'topology.kubernetes.io/zone' },
      labelSelector: { matchLabels: { 'gateway.networking.k8s.io/gateway-name': name } },
    },
  };
}

/**
 * What the load clients need beside the Job, all of it owned by the Job, so that it goes when the Job goes. `endpoint` is
 * the gateway's address.
 */
export function loadObjects(
  { namespace, runKey, gateway }: Pick<JobOptions, 'namespace' | 'runKey' | 'gateway'>,
  job: KubeObject,
  { script, prompts, endpoint }: { script: string; prompts: readonly string[] | null; endpoint: string },
): KubeObject[] {
  const owner = { apiVersion: 'batch/v1', kind: 'Job', name: LOAD_NAME, uid: job.metadata.uid ?? '' };
  const metadata = (name: string) => ({
    ...{ name, namespace, labels: { ...MANAGED_BY }, annotations: { [RUN_ANNOTATION]: runKey } },
    ownerReferences: [owner],
  });
  const map = (name: string, data: Record<string, string>): KubeObject => ({
    ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata(name), data },
  });
  return [
    {
      ...{ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: metadata(LOAD_NAME) },
      spec: networkPolicy(runKey, gateway.namespace, hostAndPort(endpoint).port),
    },
    map(PLAN_MAP, {}),
    map(REPORTS_MAP, {}),
    map(BUNDLE_MAP, { 'load.js': script, ...(prompts ? { 'prompts.json': JSON.stringify(prompts) } : {}) }),
  ];
}

/** The size of the ConfigMap with program and prompts, bytes. */
export function bundleBytes(script: string, prompts: readonly string[] | null): number {
  return Buffer.byteLength(script) + (prompts ? Buffer.byteLength(JSON.stringify(prompts)) : 0);
}

/**
 * Nothing in; out to names, the gateway and the API server. An address of a load balancer becomes that of a pod on the
 * way, and the API server has an address that a policy cannot name, so ports say what is meant.
 */
function networkPolicy(runKey: string, gatewayNamespace: string, gatewayPort: number): Record<string, unknown> {
  const tcp = [...new Set([443, 6_443, gatewayPort])].map((port) => ({ protocol: 'TCP', port }));
  const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': gatewayNamespace } };
  return {
    podSelector: { matchLabels: { [LOAD_LABEL]: runKey } },
    policyTypes: ['Ingress', 'Egress'],
    ingress: [],
    egress: [
      {
        ports: [
          { protocol: 'UDP', port: 53 },
          { protocol: 'TCP', port: 53 },
        ],
      },
      { to: [{ namespaceSelector }] },
      { ports: tcp },
    ],
  };
}
