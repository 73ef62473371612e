import type { Store } from '../kube/store.ts';
import type { KubeObject } from '../protocol.ts';
import { componentLabels, namesOf } from './kserve-names.ts';
import { poolName } from './kserve-router.ts';
import { child, schedulerOf } from './kserve-workload.ts';
import { SERVICES } from './resources.ts';

/** Where the gateway has the CA of the workloads' certificates mounted. */
const GATEWAY_CA = '/var/run/secrets/opendatahub/ca.crt';

interface RuleOptions {
  name: string;
  component: string;
  host: string;
  sni?: string;
  caCertificates?: string;
}

/** The DestinationRules that ODH makes of a service; upstream makes none. */
export function destinationRules(store: Store, service: KubeObject): KubeObject[] {
  const namespace = service.metadata.namespace as string;
  const names = namesOf(service.metadata.name);
  const workloadHost = hostOf(names.workloadService, namespace);
  const workload = 'llminferenceservice-workload';
  const rules: RuleOptions[] = [
    { name: names.workloadRule, component: workload, host: workloadHost, caCertificates: GATEWAY_CA },
  ];
  if (schedulerOf(service)) {
    const component = 'llminferenceservice-router-scheduler';
    rules.push({ name: names.schedulerRule, component, host: hostOf(names.schedulerService, namespace) });
  }
  // Istio's own Service for the pool has a name that only Istio knows; it shows some time after the pool.
  const shadow = store
    .list(SERVICES, namespace)
    .find((one) => one.metadata.labels?.['istio.io/inferencepool-name'] === poolName(service));
  if (shadow) {
    const host = hostOf(shadow.metadata.name, namespace);
    rules.push({ name: names.poolRule, component: workload, host, sni: workloadHost });
  }
  return rules.map((rule) => destinationRule(service, rule));
}

/** TLS from the gateway to a host with the workload's self-signed certificate; ODH makes these, upstream does not. */
function destinationRule(service: KubeObject, options: RuleOptions): KubeObject {
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

const hostOf = (service: string, namespace: string) => `${service}.${namespace}.svc.cluster.local`;
