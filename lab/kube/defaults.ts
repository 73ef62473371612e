import type { KubeObject } from '../protocol.ts';
import type { Resource } from './resources.ts';
import type { Json, JsonObject } from './types.ts';
import { isObject } from './types.ts';

/** Fills in, in place, what the API server's defaulting would: from the CRD's schema, or for the built-in kinds in use. */
export function applyDefaults(object: KubeObject, resource: Resource): void {
  if (resource.custom) {
    if (resource.custom.schema) schemaDefaults(object, resource.custom.schema);
    return;
  }
  BUILTIN[`${resource.group}/${resource.kind}`]?.(object);
}

function schemaDefaults(value: Json, schema: JsonObject): void {
  if (Array.isArray(value)) {
    for (const item of value) if (schema.items) schemaDefaults(item, schema.items);
    return;
  }
  if (!isObject(value)) return;
  for (const [name, property] of Object.entries((schema.properties ?? {}) as Record<string, JsonObject>)) {
    if (value[name] === undefined && property.default !== undefined) value[name] = structuredClone(property.default);
    if (value[name] !== undefined) schemaDefaults(value[name], property);
  }
  if (isObject(schema.additionalProperties)) {
    for (const [name, inner] of Object.entries(value)) {
      if (!schema.properties?.[name]) schemaDefaults(inner, schema.additionalProperties);
    }
  }
}

/** Null where the schema does not allow it counts as absent; removing applied fields leaves such nulls behind. */
export function dropNulls(value: Json, schema: JsonObject | undefined): void {
  if (Array.isArray(value)) for (const item of value) dropNulls(item, schema?.items);
  if (!isObject(value)) return;
  for (const [name, inner] of Object.entries(value)) {
    const property = schema?.properties?.[name] ?? schema?.additionalProperties;
    if (inner !== null) dropNulls(inner, isObject(property) ? property : undefined);
    else if (!(isObject(property) && property.nullable)) delete value[name];
  }
}

const set = (target: JsonObject, defaults: JsonObject): void => {
  for (const [name, value] of Object.entries(defaults)) if (target[name] === undefined) target[name] = value;
};

function specOf(object: JsonObject): JsonObject {
  object.spec ??= {};
  return object.spec;
}

const BUILTIN: Record<string, (object: KubeObject) => void> = {
  '/Namespace': (object) => {
    object.metadata.labels = { ...object.metadata.labels, 'kubernetes.io/metadata.name': object.metadata.name };
  },
  '/Pod': (object) => {
    podSpec(specOf(object));
    set(object.spec, { enableServiceLinks: true });
    // A limit without a request is also the request: in a pod, and not in a template.
    for (const { resources } of [...(object.spec.initContainers ?? []), ...(object.spec.containers ?? [])]) {
      if (!resources?.limits) continue;
      resources.requests ??= {};
      set(resources.requests, resources.limits);
    }
  },
  '/PodTemplate': template,
  '/Secret': (object) => {
    set(object, { type: 'Opaque' });
    if (object.stringData) {
      object.data ??= {};
      for (const [name, text] of Object.entries(object.stringData as Record<string, string>)) {
        object.data[name] = Buffer.from(text).toString('base64');
      }
      delete object.stringData;
    }
  },
  '/Service': (object) => {
    const spec = specOf(object);
    set(spec, { type: 'ClusterIP', sessionAffinity: 'None' });
    if (spec.type !== 'ExternalName') set(spec, { internalTrafficPolicy: 'Cluster' });
    for (const port of spec.ports ?? []) set(port, { protocol: 'TCP', targetPort: port.port });
  },
  'apps/Deployment': (object) => {
    const spec = specOf(object);
    set(spec, { replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600, strategy: {} });
    set(spec.strategy, { type: 'RollingUpdate' });
    if (spec.strategy.type === 'RollingUpdate') {
      spec.strategy.rollingUpdate ??= {};
      set(spec.strategy.rollingUpdate, { maxSurge: '25%', maxUnavailable: '25%' });
    }
    template(spec);
  },
  'apps/ReplicaSet': (object) => {
    set(specOf(object), { replicas: 1 });
    template(object.spec);
  },
  'apps/StatefulSet': (object) => {
    set(specOf(object), { replicas: 1, podManagementPolicy: 'OrderedReady', revisionHistoryLimit: 10 });
    template(object.spec);
  },
  'apps/DaemonSet': (object) => template(specOf(object)),
  'batch/Job': (object) => {
    set(specOf(object), { completions: 1, parallelism: 1, backoffLimit: 6, suspend: false });
    template(object.spec);
  },
  'coordination.k8s.io/Lease': (object) => {
    specOf(object);
  },
  'apiextensions.k8s.io/CustomResourceDefinition': (object) => {
    const { names } = specOf(object);
    if (names?.kind) set(names, { singular: names.kind.toLowerCase(), listKind: `${names.kind}List` });
    set(object.spec, { conversion: { strategy: 'None' } });
  },
  'networking.k8s.io/NetworkPolicy': (object) => {
    const spec = specOf(object);
    set(spec, { policyTypes: spec.egress ? ['Ingress', 'Egress'] : ['Ingress'] });
    for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) {
      for (const port of rule.ports ?? []) set(port, { protocol: 'TCP' });
    }
  },
  'rbac.authorization.k8s.io/RoleBinding': bindingSubjects,
  'rbac.authorization.k8s.io/ClusterRoleBinding': bindingSubjects,
};

function bindingSubjects(object: KubeObject): void {
  for (const subject of object.subjects ?? []) {
    if (subject.kind !== 'ServiceAccount') set(subject, { apiGroup: 'rbac.authorization.k8s.io' });
  }
}

function template(spec: JsonObject): void {
  if (spec.template) applyPodTemplateDefaults(spec.template);
}

/** Fills in, in place, the defaults of a pod template (pkg/apis/core/v1/defaults.go and the types' own defaults). */
export function applyPodTemplateDefaults(podTemplate: JsonObject): void {
  podSpec(specOf(podTemplate));
}

function podSpec(spec: JsonObject): void {
  set(spec, {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    securityContext: {},
    schedulerName: 'default-scheduler',
  });
  if (spec.serviceAccountName) set(spec, { serviceAccount: spec.serviceAccountName });
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) containerDefaults(container);
  for (const volume of spec.volumes ?? []) {
    if (Object.keys(volume).length === 1 && volume.name !== undefined) volume.emptyDir = {};
    for (const source of [volume.configMap, volume.secret, volume.projected, volume.downwardAPI]) {
      if (source) set(source, { defaultMode: 420 });
    }
    if (volume.hostPath) set(volume.hostPath, { type: '' });
    for (const { serviceAccountToken } of volume.projected?.sources ?? []) {
      if (serviceAccountToken) set(serviceAccountToken, { expirationSeconds: 3_600 });
    }
    const fields = [volume.downwardAPI, ...(volume.projected?.sources ?? []).map((one: JsonObject) => one.downwardAPI)];
    for (const { fieldRef } of fields.flatMap((one) => one?.items ?? []))
      if (fieldRef) set(fieldRef, { apiVersion: 'v1' });
  }
}

function containerDefaults(container: JsonObject): void {
  const tag = /:([^/:@]+)(?:@.*)?$/.exec(container.image ?? '')?.[1];
  const pinned = (tag !== undefined && tag !== 'latest') || String(container.image).includes('@');
  set(container, {
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: pinned ? 'IfNotPresent' : 'Always',
    resources: {},
  });
  for (const port of container.ports ?? []) set(port, { protocol: 'TCP' });
  for (const env of container.env ?? []) if (env.valueFrom?.fieldRef) set(env.valueFrom.fieldRef, { apiVersion: 'v1' });
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe]) {
    if (!probe) continue;
    set(probe, { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 });
    if (probe.httpGet) set(probe.httpGet, { path: '/', scheme: 'HTTP' });
    if (probe.grpc) set(probe.grpc, { service: '' });
  }
  for (const hook of [container.lifecycle?.postStart, container.lifecycle?.preStop]) {
    if (hook?.httpGet) set(hook.httpGet, { path: '/', scheme: 'HTTP' });
  }
}
