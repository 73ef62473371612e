import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LLM_SERVICES } from '../../cluster/resources.ts';
import {
  condition,
  NAMESPACE,
  nodePool,
  patternThree,
  podsOf,
  serviceOf,
  type TestCluster,
  testCluster,
  until,
} from '../cluster/harness.ts';
import { type Lab, startLab } from '../kube/lab.ts';

const backend = createServer((request, response) => response.end(`served ${request.url}`));
let cluster: TestCluster;
let lab: Lab;
let folder: string;
beforeAll(async () => {
  backend.listen(0, '127.0.0.1');
  await once(backend, 'listening');
  cluster = await testCluster();
  lab = await startLab({
    store: cluster.store,
    podDeletion: 'graceful',
    logs: cluster.cluster.readLogs,
    podProxy: (_namespace, _pod, port) =>
      port === 8000 ? { host: '127.0.0.1', port: (backend.address() as AddressInfo).port } : null,
  });
  folder = mkdtempSync(join(tmpdir(), 'python-'));
  writeFileSync(join(folder, 'ca.pem'), lab.caPem);
  cluster.store.create(LLM_SERVICES, patternThree());
  cluster.cluster.setNodePool('tpu-v6e-pool', nodePool(3));
  await until('Ready', () => condition(serviceOf(cluster.store), 'Ready')?.status === 'True');
});
afterAll(async () => {
  await lab.close();
  await cluster.close();
  backend.close();
  rmSync(folder, { recursive: true });
});

/** What a program with Python's client prints as JSON; `v1`, `apps` and `custom` are its APIs. */
async function python(program: string) {
  const lines = [
    'import json, os',
    'from kubernetes import client, watch',
    'from kubernetes.stream import portforward',
    'settings = client.Configuration()',
    'settings.host = os.environ["SERVER"]',
    'settings.ssl_ca_cert = os.environ["CA"]',
    'settings.api_key = {"authorization": os.environ["TOKEN"]}',
    'settings.api_key_prefix = {"authorization": "Bearer"}',
    'client.Configuration.set_default(settings)',
    'v1, apps, custom = client.CoreV1Api(), client.AppsV1Api(), client.CustomObjectsApi()',
    `namespace = ${JSON.stringify(NAMESPACE)}`,
    program,
  ];
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    SERVER: `https://${lab.endpoint}`,
    CA: join(folder, 'ca.pem'),
    TOKEN: lab.token,
  };
  const command = process.env.KUBERNETES_PYTHON as string;
  const { stdout } = await promisify(execFile)(command, ['-c', lines.join('\n')], { env });
  return JSON.parse(stdout);
}

describe('Python’s client', () => {
  it('lists nodes', async () => {
    const nodes = await python(
      'print(json.dumps([[n.metadata.name, n.status.node_info.kubelet_version] for n in v1.list_node().items]))',
    );
    expect(nodes).toHaveLength(4);
    expect(nodes[0][1]).toMatch(/^v1\.32\./);
  });

  it('lists what the controllers made', async () => {
    const counts = await python(`
lists = {
    'pods': v1.list_namespaced_pod(namespace),
    'services': v1.list_namespaced_service(namespace),
    'secrets': v1.list_namespaced_secret(namespace),
    'accounts': v1.list_namespaced_service_account(namespace),
    'events': v1.list_namespaced_event(namespace),
    'namespaces': v1.list_namespace(),
    'deployments': apps.list_namespaced_deployment(namespace),
    'sets': apps.list_namespaced_replica_set(namespace),
    'slices': client.DiscoveryV1Api().list_namespaced_endpoint_slice(namespace),
    'policies': client.NetworkingV1Api().list_namespaced_network_policy(namespace),
    'definitions': client.ApiextensionsV1Api().list_custom_resource_definition(),
}
print(json.dumps({name: len(found.items) for name, found in lists.items()}))`);
    expect(counts).toMatchObject({ pods: 4, deployments: 2, sets: 2 });
    expect(counts.events).toBeGreaterThan(5);
    expect(counts.definitions).toBeGreaterThan(5);
  });

  it('watches pods, deployments, events and nodes', async () => {
    const counts = await python(`
calls = {
    'pods': (v1.list_namespaced_pod, namespace),
    'deployments': (apps.list_namespaced_deployment, namespace),
    'events': (v1.list_namespaced_event, namespace),
    'nodes': (v1.list_node,),
}
def count(call, *arguments):
    return len([event for event in watch.Watch().stream(call, *arguments, timeout_seconds=1)])
print(json.dumps({name: count(*call) for name, call in calls.items()}))`);
    expect(counts).toMatchObject({ pods: 4, deployments: 2, nodes: 4 });
    expect(counts.events).toBeGreaterThan(5);
  });

  it('lists, reads, patches and watches custom objects', async () => {
    const seen = await python(`
kind = ('serving.kserve.io', 'v1alpha1', namespace, 'llminferenceservices')
listed = custom.list_namespaced_custom_object(*kind)['items']
name = listed[0]['metadata']['name']
patched = custom.patch_namespaced_custom_object(*kind, name, {'metadata': {'labels': {'by': 'python'}}})
events = [e['object']['metadata']['name'] for e in watch.Watch().stream(custom.list_namespaced_custom_object, *kind, timeout_seconds=1)]
print(json.dumps([name, patched['metadata']['labels'], custom.get_namespaced_custom_object(*kind, name)['status']['url'], events]))`);
    expect(seen[0]).toBe('qwen2-3b-pattern3');
    expect(seen[1]).toMatchObject({ by: 'python' });
    expect(seen[2]).toContain('http');
    expect(seen[3]).toContain('qwen2-3b-pattern3');
  });

  it('reads logs and forwards a port', async () => {
    const pod = podsOf(cluster.store, 'qwen2-3b-pattern3')[0]?.metadata.name;
    const [log, answer] = await python(`
pod = ${JSON.stringify(pod)}
log = v1.read_namespaced_pod_log(pod, namespace, container='main', tail_lines=1)
forward = portforward(v1.connect_get_namespaced_pod_portforward, pod, namespace, ports='8000')
socket = forward.socket(8000)
socket.setblocking(True)
socket.sendall(b'GET /health HTTP/1.0\\r\\n\\r\\n')
answer = b''
while chunk := socket.recv(65536):
    answer += chunk
print(json.dumps([log, answer.decode()]))`);
    expect(log).toContain('Application startup complete.');
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*served \/health$/);
  });

  it('creates, scales and deletes a Deployment', async () => {
    const [before, after] = await python(`
labels = {'app': 'py'}
template = client.V1PodTemplateSpec(
    metadata=client.V1ObjectMeta(labels=labels),
    spec=client.V1PodSpec(containers=[client.V1Container(name='c', image='i:1')]),
)
spec = client.V1DeploymentSpec(replicas=0, selector=client.V1LabelSelector(match_labels=labels), template=template)
made = apps.create_namespaced_deployment(namespace, client.V1Deployment(metadata=client.V1ObjectMeta(name='py'), spec=spec))
scaled = apps.patch_namespaced_deployment_scale('py', namespace, {'spec': {'replicas': 1}})
apps.delete_namespaced_deployment('py', namespace)
print(json.dumps([made.spec.replicas, scaled.spec.replicas]))`);
    expect([before, after]).toEqual([0, 1]);
  });
});
