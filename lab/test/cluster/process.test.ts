import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { generate } from 'selfsigned';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { startKube } from '../../kube-process.ts';
import type { KubeObject, KubeRecord } from '../../protocol.ts';
import { SCENARIOS } from '../../scenarios/scenarios.ts';
import { seedObjects } from '../../seed.ts';
import { startServing } from '../../serving/server.ts';
import { issueToken } from '../../tokens.ts';
import { GATEWAY, NAMESPACE, nodePool } from './harness.ts';

const SERVICE = 'qwen2-3b-pattern3';
const SECRET = 'secret';
const COMMON = { timeScale: 200, seed: 7, scenario: SCENARIOS.pass! };

const token = issueToken(SECRET, { subject: 'tester@example.com', expiresAt: Date.now() + 600_000 });
let tls: { cert: string; key: string };
let serving: Awaited<ReturnType<typeof startServing>>;
let kube: Awaited<ReturnType<typeof startKube>>;

beforeAll(async () => {
  const pems = await generate([{ name: 'commonName', value: '127.0.0.1' }], {
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
  });
  tls = { cert: pems.cert, key: pems.private };
  serving = await startServing({ ...COMMON, tls });
  const gateway = { ...GATEWAY, host: '127.0.0.1', port: Number(new URL(serving.gatewayUrl).port) };
  kube = await startKube({
    ...COMMON,
    tls,
    caPem: tls.cert,
    tokenSecret: SECRET,
    servingControlUrl: serving.controlUrl,
    namespace: NAMESPACE,
    gateway: { ...GATEWAY, url: serving.gatewayUrl, adminPort: serving.gatewayAdminPort },
    seedObjects: seedObjects({ namespace: NAMESPACE, gateway }),
  });
});

afterAll(async () => {
  await kube.close();
  await serving.close();
});

interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: objects of any kind, as JSON
  body: any;
}

/** Calls the Kubernetes API. Returns the parsed body, or its text where that is not JSON. */
function api(method: string, path: string, body?: unknown, accept = 'application/json'): Promise<Answer> {
  const [host, port] = kube.endpoint.split(':');
  const type = method === 'PATCH' ? 'application/apply-patch+yaml' : 'application/json';
  return new Promise((resolve, reject) => {
    const call = request(
      {
        host,
        port,
        path,
        method,
        ca: tls.cert,
        headers: { accept, authorization: `Bearer ${token}`, 'content-type': type },
      },
      async (response) => {
        let text = '';
        for await (const chunk of response) text += chunk;
        const json = response.headers['content-type']?.includes('json');
        resolve({ status: response.statusCode ?? 0, body: json ? JSON.parse(text) : text });
      },
    );
    call.on('error', reject);
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function poll<T>(what: string, probe: () => Promise<T | undefined | false>): Promise<T> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`not within 30 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** The objects that a kustomization of the project lists. */
function shipped(folder: string): KubeObject[] {
  const base = new URL(`../../../manifests/${folder}/`, import.meta.url);
  const { resources } = parse(readFileSync(new URL('kustomization.yaml', base), 'utf8')) as { resources: string[] };
  return resources.flatMap((file) =>
    parseAllDocuments(readFileSync(new URL(file, base), 'utf8')).map((document) => document.toJS() as KubeObject),
  );
}

function pathOf({ apiVersion, kind, metadata }: KubeObject): string {
  const plural = kind === 'NetworkPolicy' ? 'networkpolicies' : `${kind.toLowerCase()}s`;
  return `/apis/${apiVersion}/namespaces/${metadata.namespace ?? NAMESPACE}/${plural}/${metadata.name}`;
}

const services = `/apis/serving.kserve.io/v1alpha1/namespaces/${NAMESPACE}/llminferenceservices`;

/** Returns the table that `kubectl get` prints of a collection: each row's cells by the name of their column. */
async function table(path: string): Promise<Record<string, unknown>[]> {
  const { body } = await api('GET', path, undefined, 'application/json;as=Table;v=v1;g=meta.k8s.io');
  const names = (body.columnDefinitions as { name: string }[]).map(({ name }) => name);
  return (body.rows as { cells: unknown[] }[]).map(({ cells }) =>
    Object.fromEntries(names.map((name, index) => [name, cells[index]])),
  );
}

describe('the cluster process', () => {
  it('serves Pattern 3 through the API, the gateway and the pod proxy, and leaves nothing after it', {
    timeout: 60_000,
  }, async () => {
    const pattern1 = await api('DELETE', `${services}/qwen2-3b-pattern1`);
    expect(pattern1.status).toBe(200);
    for (const object of [...shipped('pattern3'), ...shipped('components/envoyfilter')]) {
      const applied = await api('PATCH', `${pathOf(object)}?fieldManager=test&fieldValidation=Strict`, object);
      expect(`${object.kind}: ${applied.body.message ?? 'applied'}`).toBe(`${object.kind}: applied`);
    }
    const pool = await fetch(`${kube.controlUrl}/node-pools/tpu-v6e-pool`, {
      method: 'PUT',
      body: JSON.stringify(nodePool(3)),
    });
    expect(pool.status).toBe(204);
    const url = await poll('the service Ready', async () => {
      const { body } = await api('GET', `${services}/${SERVICE}`);
      const ready = body.status?.conditions?.find((one: { type: string }) => one.type === 'Ready');
      return ready?.status === 'True' && (body.status.url as string);
    });

    // The gateway gets its table a moment after the pods are Ready.
    const models = await poll('models through the gateway', async () => {
      const response = await fetch(`${url}/v1/models`);
      const text = await response.text();
      return response.ok && JSON.parse(text);
    });
    expect(models.data[0].id).toBe('Qwen/Qwen2.5-3B-Instruct');
    const completion = await fetch(`${url}/v1/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'Qwen/Qwen2.5-3B-Instruct', prompt: 'The capital of France is', max_tokens: 5 }),
    });
    expect(completion.status).toBe(200);
    expect(completion.headers.get('x-went-into-resp-headers')).toBe('true');

    const selector = encodeURIComponent(`app.kubernetes.io/name=${SERVICE},kserve.io/component=workload`);
    const pods = await api('GET', `/api/v1/namespaces/${NAMESPACE}/pods?labelSelector=${selector}`);
    expect(pods.body.items).toHaveLength(3);
    const name = pods.body.items[0].metadata.name as string;
    const metrics = await api('GET', `/api/v1/namespaces/${NAMESPACE}/pods/https:${name}:8000/proxy/metrics`);
    expect(metrics.body).toContain('vllm:cache_config_info');
    const log = await api('GET', `/api/v1/namespaces/${NAMESPACE}/pods/${name}/log?container=main&tailLines=1`);
    expect(log.body).toContain('Application startup complete.');

    const shown = await table(`/api/v1/namespaces/${NAMESPACE}/pods`);
    expect(shown.filter(({ Ready, Status }) => Ready === '2/2' && Status === 'Running')).toHaveLength(4);
    expect(await table(services)).toContainEqual(
      expect.objectContaining({
        Name: SERVICE,
        URL: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/\S+$/),
        Ready: 'True',
      }),
    );
    expect(await table('/api/v1/nodes')).toContainEqual(
      expect.objectContaining({ Name: 'gke-tpu-v6e-pool-0', Status: 'Ready' }),
    );
    const gateways = `/apis/gateway.networking.k8s.io/v1/namespaces/${GATEWAY.namespace}/gateways`;
    expect(await table(gateways)).toContainEqual(expect.objectContaining({ Class: 'istio' }));

    await api('DELETE', `${services}/${SERVICE}`);
    await poll('everything of it gone', async () => {
      const paths = ['/api/v1', '/apis/apps/v1', '/apis/gateway.networking.k8s.io/v1', '/apis/networking.istio.io/v1'];
      const kinds = [
        ['pods', 'services', 'secrets', 'serviceaccounts'],
        ['deployments', 'replicasets'],
        ['httproutes'],
        ['destinationrules'],
      ];
      const left = await Promise.all(
        paths.flatMap((path, index) =>
          kinds[index]!.map(async (kind) => {
            const { body } = await api('GET', `${path}/namespaces/${NAMESPACE}/${kind}`);
            return (body.items as { metadata: { name: string } }[]).filter((one) =>
              one.metadata.name.startsWith('qwen2'),
            );
          }),
        ),
      );
      return left.flat().length === 0;
    });
    await poll('the replicas stopped', async () => (await fetch(`${url}/v1/models`)).status === 404);
    const record = (await (await fetch(`${kube.controlUrl}/record`)).json()) as KubeRecord;
    expect(record.requests.map((one) => one.user)).toContain('tester@example.com');
  });
});
