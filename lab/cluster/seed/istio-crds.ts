import type { KubeObject } from '../../protocol.ts';
import { definition } from './crd.ts';
import * as s from './schema.ts';

const tls = s.object({
  mode: s.oneOf('DISABLE', 'SIMPLE', 'MUTUAL', 'ISTIO_MUTUAL'),
  sni: s.string,
  caCertificates: s.string,
  caCrl: s.string,
  clientCertificate: s.string,
  privateKey: s.string,
  credentialName: s.string,
  insecureSkipVerify: s.boolean,
  subjectAltNames: s.list(s.string),
});

const trafficPolicy = {
  connectionPool: s.anything,
  loadBalancer: s.anything,
  outlierDetection: s.anything,
  tls,
};

const destinationRule = s.object(
  {
    host: s.string,
    exportTo: s.list(s.string),
    workloadSelector: s.object({ matchLabels: s.stringMap }),
    subsets: s.list(
      s.object({ name: s.string, labels: s.stringMap, trafficPolicy: s.object(trafficPolicy) }, ['name']),
    ),
    trafficPolicy: s.object({
      ...trafficPolicy,
      portLevelSettings: s.list(s.object({ ...trafficPolicy, port: s.object({ number: s.int64 }) })),
      proxyProtocol: s.anything,
      retryBudget: s.anything,
      tunnel: s.anything,
    }),
  },
  ['host'],
);

const matched = {
  context: s.oneOf('ANY', 'SIDECAR_INBOUND', 'SIDECAR_OUTBOUND', 'GATEWAY', 'WAYPOINT'),
  proxy: s.object({ proxyVersion: s.string, metadata: s.stringMap }),
  listener: s.anything,
  routeConfiguration: s.object({
    gateway: s.string,
    name: s.string,
    portName: s.string,
    portNumber: s.int64,
    vhost: s.object({
      name: s.string,
      domainName: s.string,
      route: s.object({ name: s.string, action: s.oneOf('ANY', 'ROUTE', 'REDIRECT', 'DIRECT_RESPONSE') }),
    }),
  }),
  cluster: s.object({ name: s.string, portNumber: s.int64, service: s.string, subset: s.string }),
  waypoint: s.anything,
};

const envoyFilter = s.object({
  priority: s.int32,
  workloadSelector: s.object({ labels: s.stringMap }),
  targetRefs: s.list(
    s.object({ group: s.string, kind: s.string, name: s.string, namespace: s.string }, ['kind', 'name']),
  ),
  configPatches: s.list(
    s.object({
      applyTo: s.oneOf(
        'INVALID',
        'LISTENER',
        'FILTER_CHAIN',
        'NETWORK_FILTER',
        'HTTP_FILTER',
        'ROUTE_CONFIGURATION',
        'VIRTUAL_HOST',
        'HTTP_ROUTE',
        'CLUSTER',
        'EXTENSION_CONFIG',
        'BOOTSTRAP',
        'LISTENER_FILTER',
      ),
      match: s.object(matched),
      patch: s.object({
        operation: s.oneOf(
          'INVALID',
          'MERGE',
          'ADD',
          'REMOVE',
          'INSERT_BEFORE',
          'INSERT_AFTER',
          'INSERT_FIRST',
          'REPLACE',
          'MERGE_AND_REPLACE_LIST',
        ),
        filterClass: s.oneOf('UNSPECIFIED', 'AUTHN', 'AUTHZ', 'STATS'),
        value: s.anything,
      }),
    }),
  ),
});

const mtls = s.object({ mode: s.oneOf('UNSET', 'DISABLE', 'PERMISSIVE', 'STRICT') });
const peerAuthentication = s.object({
  mtls,
  portLevelMtls: { type: 'object', additionalProperties: mtls },
  selector: s.object({ matchLabels: s.stringMap }),
});

/** Istio: DestinationRule, EnvoyFilter and PeerAuthentication. */
export function istioDefinitions(): KubeObject[] {
  const served = (spec: s.Schema, ...versions: string[]) =>
    versions.map((name) => ({ name, schema: s.resource(spec, s.anything) }));
  return [
    definition({
      group: 'networking.istio.io',
      kind: 'DestinationRule',
      plural: 'destinationrules',
      shortNames: ['dr'],
      versions: served(destinationRule, 'v1', 'v1beta1', 'v1alpha3').map((version) => ({
        ...version,
        columns: [['Host', '.spec.host']],
      })),
    }),
    definition({
      group: 'networking.istio.io',
      kind: 'EnvoyFilter',
      plural: 'envoyfilters',
      versions: served(envoyFilter, 'v1alpha3'),
    }),
    definition({
      group: 'security.istio.io',
      kind: 'PeerAuthentication',
      plural: 'peerauthentications',
      shortNames: ['pa'],
      versions: served(peerAuthentication, 'v1', 'v1beta1'),
    }),
  ];
}
