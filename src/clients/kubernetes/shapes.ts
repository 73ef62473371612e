import {
  anything,
  type Decoder,
  flag,
  list,
  maybe,
  name,
  number,
  object,
  record,
  some,
  text,
} from '../../lib/decode.ts';
import type { KindMap } from './kinds.ts';

/** A quantity or a port: text, or a number where a definition allows one. */
const scalar: Decoder<string | number> = (value, path) =>
  typeof value === 'number' ? number(value, path) : text(value, path);
const words = list(text);
const texts = record(text);
const amounts = record(scalar);

/** Metadata of any object. What the API server adds may be missing from a dry run's. */
export const metadata = object({
  name,
  namespace: maybe(name),
  uid: maybe(name),
  resourceVersion: maybe(name),
  generation: maybe(number),
  creationTimestamp: maybe(text),
  deletionTimestamp: maybe(text),
  labels: maybe(texts),
  annotations: maybe(texts),
  finalizers: maybe(words),
  managedFields: maybe(list(object({}))),
  ownerReferences: maybe(list(object({ kind: text, name: text, uid: text }))),
});

const condition = some({
  type: text,
  status: text,
  reason: text,
  message: text,
  lastTransitionTime: text,
  observedGeneration: number,
});
const conditions = list(condition);
const conditioned = list(some({ conditions, parentRef: some({ kind: text, name: text, namespace: text }) }));

const keys = list(some({ key: text, operator: text, values: words }));
const selector = some({ matchLabels: texts, matchExpressions: keys });

const probe = some({
  httpGet: some({ scheme: text, path: text, port: scalar }),
  initialDelaySeconds: number,
  periodSeconds: number,
  failureThreshold: number,
});
const secretRef = some({ name: text });
const container = some({
  name: text,
  image: text,
  command: words,
  args: words,
  restartPolicy: text,
  env: list(some({ name: text, value: text, valueFrom: some({ secretKeyRef: some({ name: text, key: text }) }) })),
  envFrom: list(some({ secretRef })),
  ports: list(some({ name: text, containerPort: number })),
  resources: some({ requests: record(scalar), limits: record(scalar) }),
  readinessProbe: probe,
  livenessProbe: probe,
  startupProbe: probe,
});
const podSpec = some({
  nodeName: text,
  nodeSelector: texts,
  containers: list(container),
  initContainers: list(container),
  tolerations: list(some({ key: text, operator: text, value: text, effect: text })),
  imagePullSecrets: list(secretRef),
  serviceAccountName: text,
});

const ended = some({ reason: text, message: text, exitCode: number });
const state = some({ waiting: some({ reason: text, message: text }), terminated: ended, running: object({}) });
const containerStatus = some({
  name: text,
  image: text,
  ready: flag,
  started: flag,
  restartCount: number,
  state,
  lastState: state,
});

const backends = list(some({ group: text, kind: text, name: text, namespace: text, weight: number }));
const rules = list(some({ name: text, matches: list(some({ path: some({ value: text }) })), backendRefs: backends }));
const parentRef = some({ kind: text, name: text, namespace: text, sectionName: text, port: number });
const tls = some({ mode: text, caCertificates: text });
const peers = list(
  some({
    podSelector: selector,
    namespaceSelector: selector,
    ipBlock: some({ cidr: text, except: words }),
  }),
);
const policyRules = list(
  some({ from: peers, to: peers, ports: list(some({ port: scalar, endPort: number, protocol: text })) }),
);
const poolSpec = some({ endpointPickerRef: some({ name: text }), extensionRef: some({ name: text }) });

/** What is read of each kind. A controller may leave any of it out or write null; what is there has its type. */
export const SHAPES: Readonly<Record<keyof KindMap, Readonly<Record<string, Decoder<unknown>>>>> = {
  Pod: {
    spec: podSpec,
    status: some({
      phase: text,
      reason: text,
      message: text,
      podIP: text,
      conditions,
      containerStatuses: list(containerStatus),
      initContainerStatuses: list(containerStatus),
    }),
  },
  Deployment: {
    spec: some({ replicas: number, selector, template: some({ metadata: some({ labels: texts }), spec: podSpec }) }),
    status: some({ replicas: number, readyReplicas: number, observedGeneration: number, conditions }),
  },
  Node: {
    spec: some({ unschedulable: flag, taints: list(some({ key: text, value: text, effect: text })) }),
    status: some({ conditions, allocatable: record(scalar), capacity: record(scalar) }),
  },
  Lease: {
    spec: some({
      holderIdentity: text,
      leaseDurationSeconds: number,
      acquireTime: text,
      renewTime: text,
      leaseTransitions: number,
    }),
  },
  LimitRange: {
    spec: some({
      limits: list(
        some({
          type: text,
          min: amounts,
          max: amounts,
          default: amounts,
          defaultRequest: amounts,
          maxLimitRequestRatio: amounts,
        }),
      ),
    }),
  },
  ResourceQuota: {
    spec: some({
      hard: amounts,
      scopes: words,
      scopeSelector: some({
        matchExpressions: list(some({ scopeName: text, operator: text, values: words })),
      }),
    }),
    status: some({ hard: amounts, used: amounts }),
  },
  Event: {
    type: text,
    reason: text,
    message: text,
    count: number,
    lastTimestamp: text,
    eventTime: text,
    involvedObject: some({ kind: text, name: text }),
  },
  NetworkPolicy: {
    spec: some({ podSelector: selector, policyTypes: words, ingress: policyRules, egress: policyRules }),
  },
  HTTPRoute: {
    spec: some({ parentRefs: list(parentRef), hostnames: words, rules }),
    status: some({ parents: conditioned }),
  },
  Gateway: {
    spec: some({ gatewayClassName: text, listeners: list(some({ name: text, protocol: text, port: number })) }),
    status: some({ addresses: list(some({ value: text })), conditions, listeners: conditioned }),
  },
  InferencePool: { spec: poolSpec, status: some({ parents: conditioned, parent: conditioned }) },
  LLMInferenceService: {
    spec: some({
      replicas: number,
      model: some({ name: text }),
      template: podSpec,
      worker: podSpec,
      prefill: some({ worker: podSpec }),
      router: some({
        route: some({ http: some({ refs: list(anything), spec: some({ rules }) }) }),
        gateway: some({ refs: list(some({ name: text, namespace: text })) }),
        scheduler: some({
          template: podSpec,
          pool: some({ ref: some({ name: text }), spec: poolSpec }),
        }),
      }),
    }),
    status: some({ observedGeneration: number, conditions }),
  },
  DestinationRule: {
    spec: some({
      host: text,
      exportTo: words,
      workloadSelector: object({}),
      trafficPolicy: some({ tls, portLevelSettings: list(some({ tls })) }),
    }),
  },
  PeerAuthentication: {
    spec: some({
      selector: some({ matchLabels: texts }),
      mtls: some({ mode: text }),
      portLevelMtls: record(some({ mode: text })),
    }),
  },
  HorizontalPodAutoscaler: {
    spec: some({ scaleTargetRef: some({ kind: text, name: text }), minReplicas: number, maxReplicas: number }),
  },
  ScaledObject: {
    spec: some({ scaleTargetRef: some({ kind: text, name: text }), minReplicaCount: number, maxReplicaCount: number }),
  },
  PodDisruptionBudget: {
    spec: some({ selector, minAvailable: scalar, maxUnavailable: scalar }),
    status: some({ expectedPods: number, disruptionsAllowed: number }),
  },
  EnvoyFilter: {
    spec: some({
      workloadSelector: some({ labels: texts }),
      targetRefs: list(some({ group: text, kind: text, name: text, namespace: text })),
      configPatches: list(
        some({
          applyTo: text,
          match: some({
            context: text,
            listener: some({ filterChain: some({ filter: some({ subFilter: some({ name: text }) }) }) }),
            routeConfiguration: some({ vhost: some({ route: some({ name: text }) }) }),
          }),
          patch: some({ operation: text }),
        }),
      ),
    }),
  },
};
