import type { KubeObject } from '../protocol.ts';
import { namesOf, schedulerLabels, workloadSelector } from './kserve-names.ts';
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

export function poolName(service: KubeObject): string {
  return service.spec?.router?.scheduler?.pool?.ref?.name ?? namesOf(service.metadata.name).pool;
}

/** The service's InferencePool in one of its two groups, which name the same things differently. */
export function inferencePool(service: KubeObject, group: PoolGroup): KubeObject {
  const { name } = service.metadata;
  const metadata = child(service, poolName(service), schedulerLabels(name));
  const given = poolSpecOf(service);
  const selector = given.selector ?? workloadSelector(name);
  const port = given.port ?? 8000;
  const picker = {
    group: '',
    kind: 'Service',
    name: given.picker?.name ?? namesOf(name).schedulerService,
    failureMode: given.picker?.failureMode ?? 'FailOpen',
  };
  if (group === 'inference.networking.x-k8s.io') {
    const spec = {
      selector,
      targetPortNumber: port,
      extensionRef: { ...picker, portNumber: given.picker?.port ?? 9002 },
    };
    return { apiVersion: `${group}/v1alpha2`, kind: 'InferencePool', metadata, spec };
  }
  const number = given.picker?.port ?? 9002;
  const spec = {
    selector: { matchLabels: selector },
    targetPorts: [{ number: port }],
    endpointPickerRef: { ...picker, port: { number } },
    appProtocol: 'http',
  };
  return { apiVersion: `${group}/v1`, kind: 'InferencePool', metadata, spec };
}

interface PoolSpec {
  selector?: Labels;
  port?: number;
  picker?: { name?: string; failureMode?: string; port?: number };
}

/** What the service says of its pool: v1alpha1 has the shape of the x-k8s.io pool, v1alpha2 that of the v1 pool. */
function poolSpecOf(service: KubeObject): PoolSpec {
  const given = (schedulerOf(service)?.pool?.spec ?? {}) as KubeObject;
  const old = given.extensionRef as { name?: string; failureMode?: string; portNumber?: number } | undefined;
  const promoted = given.endpointPickerRef as
    | { name?: string; failureMode?: string; port?: { number: number } }
    | undefined;
  const selector = (given.selector?.matchLabels ?? given.selector) as Labels | undefined;
  const port = (given.targetPorts?.[0]?.number ?? given.targetPortNumber) as number | undefined;
  const picker = promoted ? { ...promoted, port: promoted.port?.number } : old && { ...old, port: old.portNumber };
  return {
    ...(selector ? { selector } : {}),
    ...(port === undefined ? {} : { port }),
    ...(picker ? { picker: Object.fromEntries(Object.entries(picker).filter(([, one]) => one !== undefined)) } : {}),
  };
}

/** What ODH v0.15 makes for pickers of before v1.0 of the extension. */
export function inferenceModel(service: KubeObject): KubeObject {
  const { name } = service.metadata;
  const pool = { group: 'inference.networking.x-k8s.io', kind: 'InferencePool', name: namesOf(name).pool };
  return {
    apiVersion: 'inference.networking.x-k8s.io/v1alpha2',
    kind: 'InferenceModel',
    metadata: child(service, namesOf(name).model, schedulerLabels(name)),
    spec: {
      modelName: service.spec?.model?.name ?? name,
      poolRef: pool,
      criticality: service.spec?.model?.criticality ?? 'Critical',
    },
  };
}
