import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
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

const directory = mkdtempSync(join(tmpdir(), 'lab-kube-'));
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
  rmSync(directory, { recursive: true });
});

/** A call on the Kubernetes API; the parsed answer, or the text where it is none. */
// biome-ignore lint/suspicious/noExplicitAny: objects of any kind, as JSON
function api(method: string, path: string, body?: unknown): Promise<{ status: number; body: any }> {
  const [host, port] = kube.endpoint.split(':');
  const type = method === 'PATCH' ? 'application/apply-patch+yaml' : 'application/json';
  return new Promise((resolve, reject) => {
    const call = request(
      { host, port, path, method, ca: tls.cert, headers: { authorization: `Bearer ${token}`, 'content-type': type } },
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

function hasKubectl(): boolean {
  try {
    execFileSync('kubectl', ['version', '--client'], { stdio: 'ignore' });
    return true;
  } catch {
    process.stderr.write('NOTICE: kubectl is not on PATH: the cluster was not looked at with it\n');
    return false;
  }
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

    if (hasKubectl()) await lookWithKubectl();

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

async function lookWithKubectl(): Promise<void> {
  writeFileSync(join(directory, 'ca.pem'), tls.cert);
  const kubectl = async (...args: string[]) => {
    const connection = ['--server', `https://${kube.endpoint}`, '--token', token];
    const authority = ['--certificate-authority', join(directory, 'ca.pem'), '--cache-dir', directory];
    const { stdout } = await promisify(execFile)('kubectl', [...connection, ...authority, '-n', NAMESPACE, ...args], {
      env: { ...process.env, HOME: directory, KUBECONFIG: join(directory, 'none') },
    });
    return stdout;
  };
  const pods = await kubectl('get', 'pods');
  expect(pods.match(/2\/2 +Running/g)).toHaveLength(4);
  expect(await kubectl('get', 'llmisvc', SERVICE)).toMatch(/http:\/\/127\.0\.0\.1:\d+\/\S+ +True/);
  expect(await kubectl('get', 'nodes')).toMatch(/gke-tpu-v6e-pool-0 +Ready/);
  expect(await kubectl('get', 'gateway', '-n', GATEWAY.namespace)).toContain('istio');
}
