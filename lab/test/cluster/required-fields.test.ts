import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LLM_SERVICES } from '../../cluster/resources.ts';
import { BUILTIN_RESOURCES } from '../../kube/builtin-resources.ts';
import { builtinType, entryType, isObject, type Json, resolve, type TypeNode } from '../../kube/types.ts';
import { type Lab, startLab } from '../kube/lab.ts';
import {
  condition,
  nodePool,
  patternThree,
  podsOf,
  serviceOf,
  type TestCluster,
  testCluster,
  until,
} from './harness.ts';

/**
 * Fields that a client generated from the OpenAPI document insists on, by type: `required` of the definitions in
 * api/openapi-spec/swagger.json of k8s.io/kubernetes v1.34.4. Python's client refuses a list for one that is missing.
 */
const REQUIRED: Record<string, string> = {
  ClusterRoleBinding: 'roleRef',
  Container: 'name',
  ContainerPort: 'containerPort',
  ContainerStateTerminated: 'exitCode',
  ContainerStatus: 'name ready restartCount image imageID',
  DaemonEndpoint: 'Port',
  DeploymentCondition: 'type status',
  DeploymentSpec: 'selector template',
  Endpoint: 'addresses',
  EndpointSlice: 'addressType endpoints',
  EnvVar: 'name',
  Event: 'metadata involvedObject',
  GRPCAction: 'port',
  HTTPGetAction: 'port',
  HostIP: 'ip',
  KeyToPath: 'key path',
  LabelSelectorRequirement: 'key operator',
  NamespaceCondition: 'type status',
  NodeAddress: 'type address',
  NodeCondition: 'type status',
  NodeSystemInfo:
    'machineID systemUUID bootID kernelVersion osImage containerRuntimeVersion kubeletVersion kubeProxyVersion operatingSystem architecture',
  ObjectFieldSelector: 'fieldPath',
  OwnerReference: 'apiVersion kind name uid',
  PodCondition: 'type status',
  PodIP: 'ip',
  PodSpec: 'containers',
  PolicyRule: 'verbs',
  ReplicaSetCondition: 'type status',
  ReplicaSetSpec: 'selector',
  ReplicaSetStatus: 'replicas',
  RoleBinding: 'roleRef',
  RoleRef: 'apiGroup kind name',
  SecretKeySelector: 'key',
  ServicePort: 'port',
  Subject: 'kind name',
  Taint: 'key effect',
  TopologySpreadConstraint: 'maxSkew topologyKey whenUnsatisfiable',
  Volume: 'name',
  VolumeMount: 'name mountPath',
};

/** Paths of required fields that the value lacks, or has as null. */
function missing(value: Json, type: TypeNode, path: string): string[] {
  const node = resolve(type, value);
  if (node.kind === 'list') {
    return (value as Json[]).flatMap((item, index) => missing(item, node.element, `${path}[${index}]`));
  }
  if (node.kind !== 'map' || !isObject(value)) return [];
  const required = (REQUIRED[node.name ?? ''] ?? '').split(' ').filter((field) => field !== '');
  return [
    ...required.filter((field) => (value[field] ?? null) === null).map((field) => `${path}.${field}`),
    ...Object.entries(value).flatMap(([field, inner]) => {
      const innerType = inner === null ? undefined : entryType(node, field);
      return innerType ? missing(inner, innerType, `${path}.${field}`) : [];
    }),
  ];
}

describe('objects that the lab’s controllers write', () => {
  let cluster: TestCluster;
  let api: Lab;
  beforeAll(async () => {
    cluster = await testCluster({ seeds: () => true });
    api = await startLab({ store: cluster.store, podDeletion: 'graceful' });
    cluster.store.create(LLM_SERVICES, patternThree());
    cluster.cluster.setNodePool('tpu-v6e-pool', nodePool(4));
  });
  afterAll(async () => {
    await api.close();
    await cluster.close();
  });

  const lacking = async () => {
    const found: string[] = [];
    for (const { group, version, plural, kind } of BUILTIN_RESOURCES) {
      const root = group ? `/apis/${group}/${version}` : `/api/${version}`;
      const { code, body } = await api.ask('GET', `${root}/${plural}`);
      if (code === 405) continue;
      expect(code, plural).toBe(200);
      const type = builtinType(kind);
      if (type) for (const item of body.items) found.push(...missing(item, type, `${kind} ${item.metadata.name}`));
    }
    return found;
  };

  it('have every field that a client of the API requires, at any time of their life', async () => {
    expect(await lacking()).toEqual([]);
    await until('a replica that starts', () => podsOf(cluster.store, 'qwen2-3b-pattern3').length === 3);
    expect(await lacking()).toEqual([]);
    await until('Ready', () => condition(serviceOf(cluster.store), 'Ready')?.status === 'True');
    expect(await lacking()).toEqual([]);
    cluster.cluster.setNodePool('tpu-v6e-pool', nodePool(0));
    expect(await lacking()).toEqual([]);
  });
});
