import type { KubeObject } from '../../protocol.ts';
import { definition } from './crd.ts';
import * as s from './schema.ts';

const GATEWAY_API = {
  // Without it an API server refuses a definition in a group of Kubernetes' own.
  'api-approved.kubernetes.io': 'https://github.com/kubernetes-sigs/gateway-api/pull/3328',
  'gateway.networking.k8s.io/bundle-version': 'v1.3.0',
  'gateway.networking.k8s.io/channel': 'standard',
};

const parentRef = s.object(
  {
    group: { ...s.string, default: 'gateway.networking.k8s.io' },
    kind: { ...s.string, default: 'Gateway' },
    name: s.string,
    namespace: s.string,
    port: s.port,
    sectionName: s.string,
  },
  ['name'],
);

const headerChange = s.object({
  set: s.listByKey(s.object({ name: s.string, value: s.string }, ['name', 'value']), 'name'),
  add: s.listByKey(s.object({ name: s.string, value: s.string }, ['name', 'value']), 'name'),
  remove: s.list(s.string),
});

const filter = s.object(
  {
    type: s.oneOf(
      'RequestHeaderModifier',
      'ResponseHeaderModifier',
      'RequestMirror',
      'RequestRedirect',
      'URLRewrite',
      'ExtensionRef',
    ),
    urlRewrite: s.object({
      hostname: s.string,
      path: s.object(
        {
          type: s.oneOf('ReplaceFullPath', 'ReplacePrefixMatch'),
          replaceFullPath: s.string,
          replacePrefixMatch: s.string,
        },
        ['type'],
      ),
    }),
    requestHeaderModifier: headerChange,
    responseHeaderModifier: headerChange,
    requestMirror: s.anything,
    requestRedirect: s.anything,
    extensionRef: s.object({ group: s.string, kind: s.string, name: s.string }, ['group', 'kind', 'name']),
  },
  ['type'],
);

const valueMatch = s.listByKey(
  s.object({ type: s.string, name: s.string, value: s.string }, ['name', 'value']),
  'name',
);

const rule = s.object({
  name: s.string,
  matches: {
    ...s.list(
      s.object({
        path: s.object({
          type: { ...s.oneOf('Exact', 'PathPrefix', 'RegularExpression'), default: 'PathPrefix' },
          value: { ...s.string, default: '/', maxLength: 1024 },
        }),
        headers: valueMatch,
        queryParams: valueMatch,
        method: s.oneOf('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'),
      }),
    ),
    default: [{ path: { type: 'PathPrefix', value: '/' } }],
  },
  filters: s.list(filter),
  backendRefs: s.list(
    s.object(
      {
        group: { ...s.string, default: '' },
        kind: { ...s.string, default: 'Service' },
        name: s.string,
        namespace: s.string,
        port: s.port,
        weight: { ...s.int32, default: 1, minimum: 0, maximum: 1_000_000 },
        filters: s.list(filter),
      },
      ['name'],
    ),
  ),
  timeouts: s.object({ request: s.string, backendRequest: s.string }),
});

const routeStatus = s.object({
  parents: s.list(
    s.object({ parentRef, controllerName: s.string, conditions: s.conditions }, ['parentRef', 'controllerName']),
  ),
});

const from = s.object({
  from: { ...s.oneOf('All', 'Selector', 'Same'), default: 'Same' },
  selector: s.object({ matchLabels: s.stringMap, matchExpressions: s.list(s.anything) }),
});
const routeKind = s.object({ group: s.string, kind: s.string }, ['kind']);

const gatewaySpec = s.object(
  {
    gatewayClassName: s.string,
    addresses: s.list(s.object({ type: s.string, value: s.string })),
    infrastructure: s.object({ labels: s.stringMap, annotations: s.stringMap, parametersRef: s.anything }),
    listeners: s.listByKey(
      s.object(
        {
          name: s.string,
          hostname: s.string,
          port: s.port,
          protocol: s.string,
          tls: s.anything,
          allowedRoutes: s.object({ namespaces: from, kinds: s.list(routeKind) }),
        },
        ['name', 'port', 'protocol'],
      ),
      'name',
    ),
  },
  ['gatewayClassName', 'listeners'],
);

const gatewayStatus = s.object({
  addresses: s.list(s.object({ type: s.string, value: s.string }, ['value'])),
  conditions: s.conditions,
  listeners: s.listByKey(
    s.object({ name: s.string, attachedRoutes: s.int32, supportedKinds: s.list(routeKind), conditions: s.conditions }, [
      'name',
      'attachedRoutes',
    ]),
    'name',
  ),
});

const classSpec = s.object({ controllerName: s.string, description: s.string, parametersRef: s.anything }, [
  'controllerName',
]);

/** Gateway API: GatewayClass, Gateway and HTTPRoute. */
export function gatewayApiDefinitions(): KubeObject[] {
  const routeSpec = s.object({ parentRefs: s.list(parentRef), hostnames: s.list(s.string), rules: s.list(rule) });
  const group = 'gateway.networking.k8s.io';
  return [
    definition({
      group,
      kind: 'GatewayClass',
      plural: 'gatewayclasses',
      shortNames: ['gc'],
      annotations: GATEWAY_API,
      scope: 'Cluster',
      versions: ['v1', 'v1beta1'].map((name) => ({
        name,
        schema: s.resource(classSpec, s.object({ conditions: s.conditions }), true),
        columns: [['Controller', '.spec.controllerName']],
      })),
    }),
    definition({
      group,
      kind: 'Gateway',
      plural: 'gateways',
      shortNames: ['gtw'],
      annotations: GATEWAY_API,
      versions: ['v1', 'v1beta1'].map((name) => ({
        name,
        schema: s.resource(gatewaySpec, gatewayStatus, true),
        columns: [
          ['Class', '.spec.gatewayClassName'],
          ['Address', '.status.addresses[*].value'],
          ['Programmed', '.status.conditions[?(@.type=="Programmed")].status'],
        ],
      })),
    }),
    definition({
      group,
      kind: 'HTTPRoute',
      plural: 'httproutes',
      annotations: GATEWAY_API,
      versions: ['v1', 'v1beta1'].map((name) => ({
        name,
        schema: s.resource(routeSpec, routeStatus, true),
        columns: [['Hostnames', '.spec.hostnames']],
      })),
    }),
  ];
}
