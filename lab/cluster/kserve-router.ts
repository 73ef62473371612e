import type { KubeObject } from '../protocol.ts';
import { componentLabels, namesOf, schedulerLabels, workloadSelector } from './kserve-names.ts';
import { child, schedulerOf } from './kserve-workload.ts';
import type { Labels } from './objects.ts';
import type { PoolGroup } from './resources.ts';

export interface GatewayRef {
  namespace: string;
  name: string;
}

/** The gateways that the service's route attaches to: its own references, else the cluster's default gateway. */
export function gatewaysOf(service: KubeObject, fallback: GatewayRef): GatewayRef[] {
  const refs = (service.spec?.router?.gateway?.refs ?? []) as { name: string; namespace?: string }[];
  if (refs.length === 0) return [{ namespace: fallback.namespace, name: fallback.name }];
  return refs.map((ref) => ({ name: ref.name, namespace: ref.namespace ?? (service.metadata.namespace as string) }));
}

/** The HTTPRoute that the controller makes: the user's spec where given, else three rules, longest prefix first. */
export function httpRoute(service: KubeObject, gateway: GatewayRef, poolGroup: PoolGroup): KubeObject {
  const { name, namespace } = service.metadata;
  const names = namesOf(name);
  const workload = { group: '', kind: 'Service', name: names.workloadService, port: 8000, weight: 1 };
  const pool = { group: poolGroup as string, kind: 'InferencePool', name: poolName(service), port: 8000, weight: 1 };
  const inference = service.spec.router.scheduler ? pool : workload;
  const rule = (prefix: string, replacement: string, backend: typeof pool) => ({
    backendRefs: [backend],
    filters: [
      {
        type: 'URLRewrite',
        urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: replacement } },
      },
    ],
    matches: [{ path: { type: 'PathPrefix', value: `/${namespace}/${name}${prefix}` } }],
    timeouts: { backendRequest: '0s', request: '0s' },
  });
  const parentRefs = gatewaysOf(service, gateway).map((ref) => ({
    group: 'gateway.networking.k8s.io',
    kind: 'Gateway',
    ...ref,
  }));
  const given = service.spec.router.route?.http?.spec as { parentRefs?: unknown[] } | undefined;
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: child(service, names.route, componentLabels(name, 'llminferenceservice-router')),
    spec: given
      ? { parentRefs, ...given }
      : {
          parentRefs,
          rules: [
            rule('/v1/completions', '/v1/completions', inference),
            rule('/v1/chat/completions', '/v1/chat/completions', inference),
            rule('', '/', workload),
          ],
        },
  };
}

export function poolName(service: KubeObject): string {
  return service.spec?.router?.scheduler?.pool?.ref?.name ?? namesOf(service.metadata.name).pool;
}

/** The service's InferencePool in one of its two groups, which name the same things differently. */
export function inferencePool(service: KubeObject, group: PoolGroup): KubeObject {
  const { name } = service.metadata;
  const metadata = child(service, poolName(service), schedulerLabels(name));
  const given = (schedulerOf(service)?.pool?.spec ?? {}) as {
    selector?: Labels;
    targetPortNumber?: number;
    extensionRef?: { name?: string; failureMode?: string; portNumber?: number };
  };
  const selector = given.selector ?? workloadSelector(name);
  const port = given.targetPortNumber ?? 8000;
  const picker = {
    group: '',
    kind: 'Service',
    name: given.extensionRef?.name ?? namesOf(name).schedulerService,
    failureMode: given.extensionRef?.failureMode ?? 'FailOpen',
  };
  if (group === 'inference.networking.x-k8s.io') {
    const spec = { selector, targetPortNumber: port, extensionRef: picker };
    return { apiVersion: `${group}/v1alpha2`, kind: 'InferencePool', metadata, spec };
  }
  const number = given.extensionRef?.portNumber ?? 9002;
  const spec = {
    selector: { matchLabels: selector },
    targetPorts: [{ number: port }],
    endpointPickerRef: { ...picker, port: { number } },
  };
  return { apiVersion: `${group}/v1`, kind: 'InferencePool', metadata, spec };
}

/** TLS from the gateway to a host with the workload's self-signed certificate; ODH makes these, upstream does not. */
export function destinationRule(
  service: KubeObject,
  options: { name: string; component: string; host: string; sni?: string; caCertificates?: string },
): KubeObject {
  const labels = { ...componentLabels(service.metadata.name, options.component), 'llm-d.ai/managed': 'true' };
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: child(service, options.name, labels),
    spec: {
      host: options.host,
      exportTo: ['*'],
      trafficPolicy: {
        tls: {
          mode: 'SIMPLE',
          sni: options.sni ?? options.host,
          ...(options.caCertificates
            ? { caCertificates: options.caCertificates, insecureSkipVerify: false }
            : { insecureSkipVerify: true }),
        },
      },
    },
  };
}

export const hostOf = (service: string, namespace: string) => `${service}.${namespace}.svc.cluster.local`;
