import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { otherApis } from '../../serve.ts';
import { done, type GcpLab, POOL, PROVIDER, startGcpLab } from '../google/gcp-lab.ts';

const WHERE = ['--location', 'us-east5-b'];
let lab: GcpLab;
let dir: string;
beforeEach(async () => {
  lab = await startGcpLab({ timeScale: 2_000 });
  dir = mkdtempSync(join(tmpdir(), 'gcloud-'));
  writeFileSync(join(dir, 'token'), lab.token);
});
afterEach(async () => {
  await lab.close();
  rmSync(dir, { recursive: true });
});

/** gcloud with the lab as its Container API; JSON output parsed. */
async function gcloud(args: string[], credentials?: Record<string, string>) {
  const { stdout } = await run(args, credentials);
  return stdout.trim() === '' ? undefined : JSON.parse(stdout);
}

function run(
  args: string[],
  credentials: Record<string, string> = { CLOUDSDK_AUTH_ACCESS_TOKEN_FILE: join(dir, 'token') },
) {
  return promisify(execFile)('gcloud', [...args, '--format=json', '--quiet'], {
    env: {
      PATH: process.env.PATH,
      HOME: dir,
      KUBECONFIG: join(dir, 'kubeconfig'),
      CLOUDSDK_CONFIG: join(dir, 'config'),
      CLOUDSDK_CORE_PROJECT: 'demo',
      CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
      CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK: '1',
      CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER: `${lab.url}/`,
      ...otherApis(lab.url),
      ...credentials,
    },
  });
}

describe('gcloud, an independent client', { timeout: 120_000 }, () => {
  it('lists the cluster and writes a kubeconfig for it', async () => {
    expect(await gcloud(['container', 'clusters', 'list'])).toMatchObject([{ name: 'serving', status: 'RUNNING' }]);
    await gcloud(['container', 'clusters', 'get-credentials', 'serving', ...WHERE]);
    const kubeconfig = readFileSync(join(dir, 'kubeconfig'), 'utf8');
    expect(kubeconfig).toContain('server: https://127.0.0.1:6443');
    expect(kubeconfig).toContain(
      `certificate-authority-data: ${Buffer.from(lab.config.clusterCaPem).toString('base64')}`,
    );
    expect(kubeconfig).toContain('name: gke_demo_us-east5-b_serving');
  });

  it('resizes the pool, waits for the operation, and is refused while another runs', async () => {
    await lab.close();
    // The operation takes half a minute. gcloud takes one second to start, and many where others use the cores.
    lab = await startGcpLab({ timeScale: 4 });
    const resize = ['container', 'clusters', 'resize', 'serving', '--node-pool', 'v6e', ...WHERE, '--num-nodes'];
    await gcloud([...resize, '3', '--async']);
    await expect(gcloud([...resize, '0'])).rejects.toThrow(/CLUSTER_ALREADY_HAS_OPERATION/);
    const [operation] = await gcloud(['container', 'operations', 'list']);
    expect(operation.operationType).toBe('SET_NODE_POOL_SIZE');
    await done(lab, operation);
    const pool = await gcloud(['container', 'node-pools', 'describe', 'v6e', '--cluster', 'serving', ...WHERE]);
    expect(pool).toMatchObject({ initialNodeCount: 3, status: 'RUNNING' });
  });

  it('shows why a resize failed', async () => {
    await lab.close();
    lab = await startGcpLab({ scenario: 'stockout', timeScale: 5_000 });
    await done(lab, (await lab.call('POST', `${POOL}:setSize`, { nodeCount: 3 })).json);
    const [operation] = await gcloud(['container', 'operations', 'list']);
    const described = await gcloud(['container', 'operations', 'describe', operation.name, ...WHERE]);
    expect(described.statusMessage).toContain('Expected 3, running 0');
  });

  it('signs in with a service account key and with workload identity federation', async () => {
    const keyFile = join(dir, 'key.json');
    writeFileSync(
      keyFile,
      JSON.stringify({
        type: 'service_account',
        project_id: 'demo',
        private_key_id: 'k',
        private_key: lab.privateKeyPem,
        client_email: lab.config.serviceAccount.email,
        client_id: '1',
        token_uri: `${lab.url}/token`,
      }),
    );
    const list = ['container', 'clusters', 'list'];
    const key = { CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE: keyFile, CLOUDSDK_AUTH_TOKEN_HOST: `${lab.url}/token` };
    expect(await gcloud(list, key)).toHaveLength(1);

    const federation = join(dir, 'federation.json');
    writeFileSync(
      federation,
      JSON.stringify({
        type: 'external_account',
        audience: PROVIDER,
        subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
        token_url: `${lab.url}/v1/token`,
        service_account_impersonation_url: `${lab.url}/v1/projects/-/serviceAccounts/${lab.config.serviceAccount.email}:generateAccessToken`,
        credential_source: {
          url: `${lab.oidcRequestUrl}&audience=${encodeURIComponent(`https:${PROVIDER}`)}`,
          headers: { Authorization: `Bearer ${lab.oidcRequestToken}` },
          format: { type: 'json', subject_token_field_name: 'value' },
        },
      }),
    );
    // A configuration of its own, since gcloud keeps access tokens by account.
    const own = { CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE: federation, CLOUDSDK_CONFIG: join(dir, 'config-2') };
    expect(await gcloud(list, own)).toHaveLength(1);
    const { requests } = await lab.record();
    expect(requests.map((request) => request.path)).toEqual(expect.arrayContaining(['/token', '/v1/token']));
  });

  it.each([
    [['container', 'node-pools', 'delete', 'v6e', '--cluster', 'serving', ...WHERE], 'DELETE /v1/projects/demo/'],
    [['container', 'clusters', 'update', 'serving', '--update-labels', 'a=b', ...WHERE], 'POST /v1/projects/demo/'],
    [['compute', 'instances', 'list'], 'GET /compute/v1/projects/demo/'],
    [['projects', 'describe', 'demo'], 'GET /v1/projects/demo'],
    [['services', 'list', '--enabled'], 'GET /v1/projects/demo/services'],
    [['iam', 'service-accounts', 'list'], 'GET /v1/projects/demo/serviceAccounts'],
    [['compute', 'tpus', 'tpu-vm', 'list', '--zone', 'us-east5-b'], 'GET /v2/projects/demo/'],
  ])('is told by the lab what it does not play: %s', async (args, call) => {
    // `compute … list` prints the refusal as a warning and ends with 0.
    const { stderr } = await run(args).catch((error: { stderr: string }) => error);
    expect(stderr).toContain(`The lab does not play ${call}`);
  });
});
