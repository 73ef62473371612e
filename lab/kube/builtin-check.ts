import type { KubeObject } from '../protocol.ts';
import { required, wrong } from './causes.ts';
import { checkDefinition } from './definition-check.ts';
import type { Resource } from './resources.ts';
import { selects } from './selectors.ts';
import type { StatusCause } from './status.ts';
import type { JsonObject } from './types.ts';
import { equalJson } from './types.ts';

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

/**
 * Checks of object metadata for every kind, and of the built-in kinds' required and immutable fields that manifests break
 * in practice. It is not the whole of Kubernetes' validation: what is not checked here is accepted.
 */
export function checkObject(object: KubeObject, live: KubeObject | null, resource: Resource): StatusCause[] {
  const causes = checkMetadata(object, live, resource);
  const checker = CHECKS[`${resource.group}/${resource.kind}`];
  if (checker) causes.push(...checker(object, live));
  return causes;
}

function checkMetadata(object: KubeObject, live: KubeObject | null, resource: Resource): StatusCause[] {
  const { name, labels = {} } = object.metadata;
  const causes: StatusCause[] = [];
  if (!name) causes.push(required('metadata.name', 'name or generateName is required'));
  else if (resource.group === 'rbac.authorization.k8s.io') {
    if (/[/%]/.test(name)) causes.push(wrong('metadata.name', name, "may not contain '/'"));
  } else if (resource.kind === 'Service' || resource.kind === 'Namespace') {
    if (!LABEL.test(name) || name.length > 63) causes.push(wrong('metadata.name', name, LABEL_HELP));
  } else if (!SUBDOMAIN.test(name) || name.length > 253) {
    causes.push(wrong('metadata.name', name, SUBDOMAIN_HELP));
  }
  for (const [key, value] of Object.entries(labels)) {
    const part = key.split('/').at(-1) ?? '';
    if (!LABEL_VALUE.test(part) || part === '') causes.push(wrong('metadata.labels', key, NAME_PART_HELP));
    if (value.length > 63) causes.push(wrong('metadata.labels', value, 'must be no more than 63 bytes'));
    else if (!LABEL_VALUE.test(value)) causes.push(wrong('metadata.labels', value, VALUE_HELP));
  }
  return [...causes, ...checkLife(object, live)];
}

/** Finalizers and owners. */
function checkLife({ metadata }: KubeObject, live: KubeObject | null): StatusCause[] {
  const { finalizers = [], ownerReferences = [] } = metadata;
  const causes: StatusCause[] = finalizers.flatMap((name, index) =>
    name.includes('/') || STANDARD_FINALIZERS.includes(name)
      ? []
      : [wrong(`metadata.finalizers[${index}]`, name, FINALIZER_HELP)],
  );
  const added = finalizers.filter((name) => !live?.metadata.finalizers?.includes(name));
  if (live?.metadata.deletionTimestamp && added.length > 0) {
    const list = `[]string{${added.map((name) => JSON.stringify(name)).join(', ')}}`;
    const why = 'no new finalizers can be added if the object is being deleted';
    const message = `Forbidden: ${why}, found new finalizers ${list}`;
    causes.push({ reason: 'FieldValueForbidden', message, field: 'metadata.finalizers' });
  }
  for (const owner of ownerReferences as JsonObject[]) {
    for (const field of ['apiVersion', 'kind', 'name', 'uid']) {
      if (!owner[field])
        causes.push(wrong(`metadata.ownerReferences.${field}`, owner[field] ?? '', 'must not be empty'));
    }
  }
  return causes;
}

const STANDARD_FINALIZERS = ['foregroundDeletion', 'orphan', 'kubernetes'];
const FINALIZER_HELP = 'name is neither a standard finalizer name nor is it fully qualified';
const NAME_PART_HELP =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric " +
  "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is " +
  "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const SUBDOMAIN_HELP =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end " +
  "with an alphanumeric character (e.g. 'example.com', regex used for validation is " +
  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_HELP =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an " +
  "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const VALUE_HELP =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end " +
  "with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is " +
  "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

type Check = (object: KubeObject, live: KubeObject | null) => StatusCause[];

const CHECKS: Record<string, Check> = {
  '/Pod': (object, live) => [...checkPodSpec(object.spec, 'spec'), ...checkPodChange(object, live)],
  '/ConfigMap': ({ data = {}, binaryData = {} }) => [
    ...configKeys('data', data),
    ...configKeys('binaryData', binaryData),
  ],
  '/Secret': ({ data = {}, type }) => {
    const needed = SECRET_KEYS[type as string] ?? [];
    return [
      ...configKeys('data', data),
      ...needed.filter((key) => !(key in data)).map((key) => required(`data[${key}]`)),
    ];
  },
  '/Event': ({ metadata, involvedObject: { namespace = '' } = {} }) =>
    namespace === metadata.namespace || (namespace === '' && metadata.namespace === 'default')
      ? []
      : [wrong('involvedObject.namespace', namespace, 'does not match event.namespace')],
  '/Service': checkService,
  'coordination.k8s.io/Lease': ({ spec = {} }) => {
    const { leaseDurationSeconds: duration, leaseTransitions: transitions } = spec;
    const causes: StatusCause[] = [];
    if (duration <= 0) causes.push(wrong('spec.leaseDurationSeconds', duration, 'must be greater than 0'));
    if (transitions < 0) {
      causes.push(wrong('spec.leaseTransitions', transitions, 'must be greater than or equal to 0'));
    }
    return causes;
  },
  'apps/Deployment': checkWorkload,
  'apps/ReplicaSet': checkWorkload,
  'apps/StatefulSet': checkWorkload,
  'apps/DaemonSet': checkWorkload,
  'batch/Job': (object) => (object.spec?.template ? checkPodSpec(object.spec.template.spec, 'spec.template.spec') : []),
  'networking.k8s.io/NetworkPolicy': (object) => (object.spec ? [] : [required('spec')]),
  'rbac.authorization.k8s.io/RoleBinding': checkBinding,
  'rbac.authorization.k8s.io/ClusterRoleBinding': checkBinding,
  'apiextensions.k8s.io/CustomResourceDefinition': checkDefinition,
};

function configKeys(field: string, data: JsonObject): StatusCause[] {
  const help =
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or " +
    "'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
  const bad = Object.keys(data).filter((key) => !/^[-._a-zA-Z0-9]+$/.test(key));
  return bad.map((key) => wrong(`${field}[${key}]`, key, help));
}

/** Keys that a Secret of the type cannot do without. */
const SECRET_KEYS: Record<string, string[]> = {
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
};

const SERVICE_TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];

function checkService(object: KubeObject): StatusCause[] {
  const { type, clusterIP, ports = [] } = object.spec ?? {};
  const causes: StatusCause[] = [];
  if (ports.length === 0 && type !== 'ExternalName' && clusterIP !== 'None') causes.push(required('spec.ports'));
  for (const [index, port] of ports.entries()) {
    const at = `spec.ports[${index}]`;
    if (ports.length > 1 && !port.name) causes.push(required(`${at}.name`));
    for (const field of ['port', 'targetPort']) {
      const number = port[field] ?? 0;
      const isName = field === 'targetPort' && typeof number === 'string';
      if (isName || (Number.isInteger(number) && number >= 1 && number <= 65535)) continue;
      causes.push(wrong(`${at}.${field}`, number, 'must be between 1 and 65535, inclusive'));
    }
  }
  if (!SERVICE_TYPES.includes(type)) {
    const supported = SERVICE_TYPES.map((each) => JSON.stringify(each)).join(', ');
    const message = `Unsupported value: ${JSON.stringify(type)}: supported values: ${supported}`;
    causes.push({ reason: 'FieldValueNotSupported', message, field: 'spec.type' });
  }
  return causes;
}

function checkWorkload(object: KubeObject, live: KubeObject | null): StatusCause[] {
  const { selector, template } = object.spec ?? {};
  if (!selector) return [required('spec.selector')];
  const causes = template ? checkPodSpec(template.spec, 'spec.template.spec') : [required('spec.template')];
  const labels = template?.metadata?.labels ?? {};
  if (!selects(selector, labels)) {
    causes.push(wrong('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'));
  }
  if (live && !equalJson(live.spec?.selector, selector)) {
    causes.push(wrong('spec.selector', selector, 'field is immutable'));
  }
  return causes;
}

function checkPodSpec(spec: JsonObject | undefined, path: string): StatusCause[] {
  if (!spec?.containers?.length) return [required(`${path}.containers`)];
  const names = new Set<string>();
  return ['initContainers', 'containers'].flatMap((list) =>
    (spec[list] ?? []).flatMap((container: JsonObject, index: number) => {
      const at = `${path}.${list}[${index}]`;
      const causes: StatusCause[] = [];
      if (!container.name) causes.push(required(`${at}.name`));
      else if (!LABEL.test(container.name)) causes.push(wrong(`${at}.name`, container.name, LABEL_HELP));
      else if (names.has(container.name)) {
        const message = `Duplicate value: ${JSON.stringify(container.name)}`;
        causes.push({ reason: 'FieldValueDuplicate', message, field: `${at}.name` });
      }
      names.add(container.name);
      // A Pod's image may come from admission later; a template's may not be empty either way.
      if (!container.image) causes.push(required(`${at}.image`));
      return causes;
    }),
  );
}

const POD_CHANGE_HELP =
  'Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,' +
  '`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),' +
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

function checkPodChange(object: KubeObject, live: KubeObject | null): StatusCause[] {
  if (!live) return [];
  const fixed = ({ spec }: KubeObject) => {
    const { activeDeadlineSeconds: _deadline, tolerations: _tolerations, ...rest } = spec ?? {};
    const bare = (containers: JsonObject[] = []) => containers.map(({ image: _image, ...container }) => container);
    return { ...rest, containers: bare(rest.containers), initContainers: bare(rest.initContainers) };
  };
  if (equalJson(fixed(object), fixed(live))) return [];
  return [{ reason: 'FieldValueForbidden', message: POD_CHANGE_HELP, field: 'spec' }];
}

function checkBinding(object: KubeObject, live: KubeObject | null): StatusCause[] {
  if (!object.roleRef?.name) return [required('roleRef.name')];
  return live && !equalJson(live.roleRef, object.roleRef)
    ? [wrong('roleRef', object.roleRef, 'cannot change roleRef')]
    : [];
}
