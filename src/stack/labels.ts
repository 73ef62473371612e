import type { KubeObject } from '../clients/kubernetes/objects.ts';

/** The labels of KServe's controller (names stable from v0.15 on), of the Gateway API and of the gate. */
export const NAME_LABEL = 'app.kubernetes.io/name';
export const MANAGED_BY_LABEL = 'app.kubernetes.io/managed-by';
/** On the pods of a gateway, and what an EnvoyFilter selects them by. */
export const GATEWAY_LABEL = 'gateway.networking.k8s.io/gateway-name';
/** Value of `MANAGED_BY_LABEL` on what the gate applies. */
export const GATE = 'tpu-serving-gate';

const COMPONENT_LABEL = 'app.kubernetes.io/component';
const PICKER = 'llminferenceservice-router-scheduler';
const KSERVE_COMPONENT_LABEL = 'kserve.io/component';
const WORKLOAD = 'workload';

/** Selects what has each of the labels. */
export function selectorOf(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
}

/** Selects all pods and Deployments that KServe makes for a service. */
export function serviceSelector(service: string): string {
  return `${NAME_LABEL}=${service}`;
}

/** Selects the pods of every service's replicas. */
export const ANY_WORKLOAD_SELECTOR = `${KSERVE_COMPONENT_LABEL}=${WORKLOAD}`;

/** Selects the pods of a service's replicas. */
export function workloadSelector(service: string): string {
  return `${serviceSelector(service)},${ANY_WORKLOAD_SELECTOR}`;
}

/** Selects the pods and the Deployment of a service's endpoint picker. */
export function pickerSelector(service: string): string {
  return `${serviceSelector(service)},${COMPONENT_LABEL}=${PICKER}`;
}

/** Selects the pods of a gateway. */
export function gatewaySelector(gateway: string): string {
  return `${GATEWAY_LABEL}=${gateway}`;
}

type Labelled = Pick<KubeObject, 'metadata'>;

/** Whether an object belongs to the replicas of a service. */
export function isWorkload({ metadata }: Labelled): boolean {
  return metadata.labels?.[KSERVE_COMPONENT_LABEL] === WORKLOAD;
}

/** Whether an object belongs to the endpoint picker of a service. */
export function isPicker({ metadata }: Labelled): boolean {
  return metadata.labels?.[COMPONENT_LABEL] === PICKER;
}

/** Whether the gate's label is on an object. A label is a hint: it does not prove who made the object. */
export function isOfTheGate({ metadata }: Labelled): boolean {
  return metadata.labels?.[MANAGED_BY_LABEL] === GATE;
}

/** The labels that the pods of a service's replicas will have. */
export function replicaLabels(service: string): Record<string, string> {
  return {
    [NAME_LABEL]: service,
    'app.kubernetes.io/part-of': 'llminferenceservice',
    [COMPONENT_LABEL]: 'llminferenceservice-workload',
    [KSERVE_COMPONENT_LABEL]: WORKLOAD,
    'llm-d.ai/role': 'both',
  };
}

/** The labels that the pods of a service's endpoint picker will have. */
export function pickerLabels(service: string): Record<string, string> {
  return {
    [NAME_LABEL]: service,
    'app.kubernetes.io/part-of': 'llminferenceservice',
    [COMPONENT_LABEL]: PICKER,
  };
}
