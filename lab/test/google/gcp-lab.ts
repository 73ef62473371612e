import { type Inject, listen } from '../../google/http.ts';
import { startGcp } from '../../google/server.ts';
import { rsaKeyPair } from '../../keys.ts';
import type { GcpConfig, GcpPorts, GcpRecord, NodePoolState } from '../../protocol.ts';
import { SCENARIOS } from '../../scenarios/scenarios.ts';
import { issueToken } from '../../tokens.ts';

export const POOL = 'projects/demo/locations/us-east5-b/clusters/serving/nodePools/v6e';
export const PROVIDER =
  '//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/ci/providers/github';

export interface GcpLab extends GcpPorts {
  config: GcpConfig;
  /** Private half of the service account's key, PEM. */
  privateKeyPem: string;
  /** An access token of the service account, valid for an hour. */
  token: string;
  /** Node lists that the Kubernetes side was told, in order. */
  published: NodePoolState[];
  record(): Promise<GcpRecord>;
  /** A call with the valid token; returns status and JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: answers of any shape
  call(method: string, path: string, body?: unknown): Promise<{ status: number; json: any }>;
  close(): Promise<void>;
}

/** Google Cloud with a cluster `serving` and a pool `v6e` of single-host TPU nodes, and somebody for it to tell. */
export async function startGcpLab(
  options: {
    scenario?: string;
    timeScale?: number;
    nodes?: number;
    topology?: string;
    inject?: Inject;
    accounts?: GcpConfig['accounts'];
  } = {},
): Promise<GcpLab> {
  const published: NodePoolState[] = [];
  const kube = await listen((request) => {
    published.push(JSON.parse(request.body) as NodePoolState);
    return { status: 200, body: {} };
  });
  const { privateKey, publicKey } = rsaKeyPair('service-account');
  const config: GcpConfig = {
    timeScale: options.timeScale ?? 1_000,
    seed: 11,
    scenario: SCENARIOS[options.scenario ?? 'pass']!,
    project: 'demo',
    projectNumber: '123456789012',
    location: 'us-east5-b',
    cluster: 'serving',
    clusterEndpoint: '127.0.0.1:6443',
    clusterCaPem: '-----BEGIN CERTIFICATE-----\nbGFi\n-----END CERTIFICATE-----\n',
    nodePool: {
      name: 'v6e',
      machineType: 'ct6e-standard-4t',
      tpuTopology: options.topology ?? '2x2',
      chipsPerNode: 4,
      initialNodeCount: options.nodes ?? 0,
    },
    tokenSecret: 'secret',
    serviceAccount: {
      email: 'gate@demo.iam.gserviceaccount.com',
      publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    },
    kubeControlUrl: kube.url,
    ...(options.accounts ? { accounts: options.accounts } : {}),
  };
  const gcp = await startGcp(config, options.inject);
  const token = issueToken('secret', { subject: config.serviceAccount.email, expiresAt: Date.now() + 3_600_000 });
  return {
    ...gcp,
    config,
    token,
    published,
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    record: async () => (await (await fetch(`${gcp.controlUrl}/record`)).json()) as GcpRecord,
    async call(method, path, body) {
      const response = await fetch(`${gcp.url}/v1/${path}`, {
        method,
        headers: { authorization: `Bearer ${token}` },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      return { status: response.status, json: await response.json() };
    },
    async close() {
      await gcp.close();
      await kube.close();
    },
  };
}

/** Polls until `probe` returns something; the test's own time limit is the only one. */
export async function until<T>(probe: () => Promise<T | undefined | false> | T | undefined | false): Promise<T> {
  for (;;) {
    const found = await probe();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Waits for the operation that a call answered, and returns its final state. */
export async function done(lab: GcpLab, operation: { name: string }) {
  return until(async () => {
    const { json } = await lab.call('GET', `projects/demo/locations/us-east5-b/operations/${operation.name}`);
    return json.status === 'DONE' && json;
  });
}
