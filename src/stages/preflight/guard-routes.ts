import {
  type Finding,
  fieldsOf,
  type GuardContext,
  notAllowed,
  oneOf,
  type Path,
  pathText,
  shown,
  type ValueRule,
} from './guard-context.ts';

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** The names that KServe's presets give to the children of a service. */
const CHILD = /^\{\{ ?ChildName \.ObjectMeta\.Name `-[a-z0-9-]+` ?\}\}$/;
/** The gateway that the cluster's administrator chose for KServe. */
const KSERVE_GATEWAY = 'Gateway/{{ .GlobalConfig.IngressGatewayNamespace }}/{{ .GlobalConfig.IngressGatewayName }}';
const OWN_NAMESPACE = '{{ .ObjectMeta.Namespace }}';
const BACKENDS = ['Service', 'InferencePool'];
const BACKEND_GROUPS = ['', 'core', 'inference.networking.k8s.io', 'inference.networking.x-k8s.io'];

const isOwn = (namespace: unknown, context: GuardContext) =>
  namespace === undefined || namespace === context.namespace || namespace === OWN_NAMESPACE;

const rule = (name: string, finding: Omit<Finding, 'rule'>): Finding[] => [{ rule: name, ...finding }];

/** A gateway that a route or a service attaches to: of the own namespace, of the input `gateway`, or one by name. */
const gateway: ValueRule = (value, path, context) => {
  const { name, namespace, kind } = fieldsOf(value);
  const { policy } = context;
  if (kind !== undefined && kind !== 'Gateway') return notAllowed(path, kind, 'Gateway', ['kind']);
  if (isOwn(namespace, context)) return [];
  const whole = `Gateway/${namespace}/${name}`;
  const chosen = policy.gateway ? `Gateway/${policy.gateway.namespace}/${policy.gateway.name}` : null;
  if (whole === KSERVE_GATEWAY || whole === chosen || policy.references.includes(whole)) return [];
  const message = `${pathText(path)} names gateway ${shown(`${namespace}/${name}`)}; allowed are those of the own namespace, that of the input "gateway", and ${policy.references.filter((each) => each.startsWith('Gateway/')).join(', ')}`;
  return rule('reference', { message, reference: whole });
};

/** A Service or a pool of the own namespace. */
const backend: ValueRule = (value, path, context) => {
  const { name, namespace, kind = 'Service', group = '' } = fieldsOf(value);
  if (!isOwn(namespace, context)) return notAllowed(path, namespace, `namespace ${context.namespace}`, ['namespace']);
  if (!BACKENDS.includes(String(kind))) return notAllowed(path, kind, BACKENDS.join(' or '), ['kind']);
  if (!BACKEND_GROUPS.includes(String(group))) return notAllowed(path, group, 'a pool or a Service', ['group']);
  if (!NAME.test(String(name)) && !CHILD.test(String(name))) return notAllowed(path, name, 'a name', ['name']);
  return [];
};

const hostnames: ValueRule = (value, path) =>
  Array.isArray(value) && value.length > 0
    ? notAllowed(path, value.join(', '), 'the hosts of the gateway’s listener, without a list')
    : [];

/**
 * On a gateway of somebody else a route takes only the paths below `/namespace/service`, as KServe's own routes do: any
 * other would take the requests of its neighbours. Without parentRefs KServe attaches it to such a gateway.
 */
const route: ValueRule = (value, path, context) => {
  const { parentRefs, rules } = fieldsOf(value);
  const parents = Array.isArray(parentRefs) ? parentRefs : [];
  if (parents.length > 0 && parents.every((each) => isOwn(fieldsOf(each).namespace, context))) return [];
  return (Array.isArray(rules) ? rules : []).flatMap((each, index) => {
    const { matches } = fieldsOf(each);
    const at: Path = ['rules', index, 'matches'];
    if (!Array.isArray(matches) || matches.length === 0) {
      return notAllowed(path, 'empty', `a path below ${ownPaths(context)[0]}`, at);
    }
    return matches.flatMap((match, number) => {
      const { type = 'PathPrefix', value: text } = fieldsOf(fieldsOf(match).path);
      const own = ownPaths(context).some((prefix) => text === prefix || String(text).startsWith(`${prefix}/`));
      const plain = type === 'PathPrefix' || type === 'Exact';
      if (own && plain && !/\/\.\.?(?:\/|$)|%/.test(String(text))) return [];
      return notAllowed(path, text ?? 'empty', `a path below ${ownPaths(context)[0]}`, [...at, number, 'path']);
    });
  });
};

function ownPaths({ namespace, services }: GuardContext): string[] {
  return [
    ...[...services].map((service) => `/${namespace}/${service}`),
    '/{{ .ObjectMeta.Namespace }}/{{ .ObjectMeta.Name }}',
    // Of KServe's presets from v0.20 on, for a client that knows the name of the model alone.
    `/publishers/${namespace}/models`,
    '/publishers/{{ .ObjectMeta.Namespace }}/models',
  ];
}

/** The host of a DestinationRule, in each of the forms that Istio completes. */
const stackHost: ValueRule = (value, path, context) => {
  const allowed = [...context.hosts];
  const text = String(value);
  const forms = ['', `.${context.namespace}`, `.${context.namespace}.svc`, `.${context.namespace}.svc.cluster.local`];
  if (allowed.some((host) => forms.some((form) => text === `${host}${form}`))) return [];
  return notAllowed(path, value, `a Service of this stack in namespace ${context.namespace}`);
};

const exportTo: ValueRule = (value, path, { namespace }) =>
  (Array.isArray(value) ? value : []).flatMap((each, index) =>
    each === '.' || each === namespace ? [] : notAllowed(path, each, '"."', [index]),
  );

const serviceName: ValueRule = (value, path) =>
  NAME.test(String(value)) || CHILD.test(String(value)) ? [] : notAllowed(path, value, 'the name of a Service');

export const ROUTE_RULES = {
  gateway,
  backend,
  hostnames,
  route,
  stackHost,
  exportTo,
  serviceName,
  serviceKind: oneOf(['Service']),
  serviceGroup: oneOf(['', 'core']),
  rewriteFilter: oneOf(['URLRewrite']),
  tlsMode: oneOf(['DISABLE', 'SIMPLE', 'ISTIO_MUTUAL']),
  clusterIP: oneOf(['ClusterIP']),
  headless: oneOf(['None', '']),
  secretType: oneOf(['Opaque', 'kubernetes.io/dockerconfigjson', 'kubernetes.io/dockercfg', 'kubernetes.io/tls']),
} satisfies Record<string, ValueRule>;
