import type { KubeObject } from '../../protocol.ts';
import { definition } from './crd.ts';
import * as s from './schema.ts';

/** Field names of a Container; what is inside a probe or a security context is left open. */
const container = s.object(
  {
    name: s.string,
    image: s.string,
    imagePullPolicy: s.string,
    command: s.list(s.string),
    args: s.list(s.string),
    workingDir: s.string,
    env: s.listByKey(s.object({ name: s.string, value: s.string, valueFrom: s.anything }, ['name']), 'name'),
    envFrom: s.list(s.anything),
    ports: s.listByKey(
      s.object(
        {
          containerPort: s.int32,
          protocol: { ...s.string, default: 'TCP' },
          name: s.string,
          hostPort: s.int32,
          hostIP: s.string,
        },
        ['containerPort'],
      ),
      'containerPort',
      'protocol',
    ),
    resources: s.anything,
    resizePolicy: s.list(s.anything),
    restartPolicy: s.string,
    startupProbe: s.anything,
    livenessProbe: s.anything,
    readinessProbe: s.anything,
    lifecycle: s.anything,
    securityContext: s.anything,
    stdin: s.boolean,
    stdinOnce: s.boolean,
    tty: s.boolean,
    terminationMessagePath: s.string,
    terminationMessagePolicy: s.string,
    volumeMounts: s.listByKey(
      s.object(
        {
          name: s.string,
          mountPath: s.string,
          readOnly: s.boolean,
          subPath: s.string,
          subPathExpr: s.string,
          mountPropagation: s.string,
          recursiveReadOnly: s.string,
        },
        ['name', 'mountPath'],
      ),
      'mountPath',
    ),
    volumeDevices: s.list(s.anything),
  },
  ['name'],
);

const named = { ...s.anything, properties: { name: s.string }, required: ['name'] };

/** A PodSpec: the parts that manifests write are typed, so that fields have owners; the rest is kept as it comes. */
const podSpec: s.Schema = {
  ...s.object({
    nodeSelector: { ...s.stringMap, 'x-kubernetes-map-type': 'atomic' },
    tolerations: s.list(
      s.object({
        key: s.string,
        operator: s.string,
        value: s.string,
        effect: s.string,
        tolerationSeconds: s.int64,
      }),
    ),
    containers: s.listByKey(container, 'name'),
    initContainers: s.listByKey(container, 'name'),
    imagePullSecrets: s.listByKey(s.object({ name: { ...s.string, default: '' } }), 'name'),
    volumes: s.listByKey(named, 'name'),
    serviceAccountName: s.string,
    terminationGracePeriodSeconds: s.int64,
  }),
  'x-kubernetes-preserve-unknown-fields': true,
};

const parallelism = s.object({
  tensor: s.int32,
  pipeline: s.int32,
  data: s.int32,
  dataLocal: s.int32,
  dataRPCPort: s.int32,
  expert: s.boolean,
});
const ref = s.object({ name: s.string, namespace: s.string });

const scheduler = (more: Record<string, s.Schema>) =>
  s.object({
    pool: s.object({
      ref: s.object({ name: s.string }),
      spec: s.object(
        {
          selector: s.stringMap,
          targetPortNumber: s.port,
          extensionRef: s.object(
            {
              group: s.string,
              kind: s.string,
              name: s.string,
              portNumber: s.port,
              failureMode: s.oneOf('FailOpen', 'FailClose'),
            },
            ['name'],
          ),
        },
        ['extensionRef', 'selector', 'targetPortNumber'],
      ),
    }),
    template: podSpec,
    ...more,
  });

const spec = (schedulerFields: Record<string, s.Schema>) =>
  s.object({
    model: s.object(
      {
        uri: s.string,
        name: s.string,
        criticality: s.oneOf('Critical', 'Standard', 'Sheddable'),
        lora: s.object({ adapters: s.list(s.anything) }),
      },
      ['uri'],
    ),
    replicas: s.int32,
    parallelism,
    template: podSpec,
    worker: podSpec,
    prefill: s.object({ replicas: s.int32, parallelism, template: podSpec, worker: podSpec }),
    router: s.object({
      route: s.object({ http: s.object({ refs: s.list(s.object({ name: s.string })), spec: s.anything }) }),
      gateway: s.object({ refs: s.list(ref) }),
      ingress: s.object({ refs: s.list(ref) }),
      scheduler: scheduler(schedulerFields),
    }),
    baseRefs: s.list(s.object({ name: { ...s.string, default: '' } })),
  });

const address = s.object({ name: s.string, url: s.string, CACerts: s.string, audience: s.string });
const status = s.object({
  observedGeneration: s.int64,
  conditions: s.conditions,
  url: s.string,
  address,
  addresses: s.list(address),
  annotations: s.stringMap,
  // Of v0.20.
  router: s.anything,
  workloads: s.anything,
});

const columns: [string, string][] = [
  ['URL', '.status.url'],
  ['Ready', ".status.conditions[?(@.type=='Ready')].status"],
  ['Reason', ".status.conditions[?(@.type=='Ready')].reason"],
];

/**
 * LLMInferenceService, stored at one of its versions: v1alpha1 as ODH v0.15 has it, and v1alpha2 with as much of what it added as the controller here
 * follows.
 */
export function llmInferenceServiceDefinition(stored: 'v1alpha1' | 'v1alpha2'): KubeObject {
  const versions = ['v1alpha1', 'v1alpha2'].sort((name) => (name === stored ? -1 : 1));
  const added = {
    config: s.object({ inline: s.anything }),
    replicas: s.int32,
    labels: s.stringMap,
    annotations: s.stringMap,
    pool: s.anything,
  };
  return definition({
    group: 'serving.kserve.io',
    kind: 'LLMInferenceService',
    plural: 'llminferenceservices',
    shortNames: ['llmisvc'],
    versions: versions.map((name) => ({
      name,
      schema: s.resource(spec(name === 'v1alpha1' ? {} : added), status),
      columns,
    })),
  });
}
