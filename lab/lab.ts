import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { loopbackCertificate } from './certs.ts';
import { childEnv } from './child-env.ts';
import type { KserveVersion } from './cluster/kserve-versions.ts';
import { INTERNAL_ADDRESS } from './inside.ts';
import { rsaKeyPair } from './keys.ts';
import type { LabMessage, LabRole } from './process.ts';
import type {
  GcpPorts,
  GcpRecord,
  GithubPorts,
  GithubRecord,
  KubePorts,
  KubeRecord,
  LabAccount,
  RealApiServer,
  RealStack,
  ServingPorts,
  ServingRecord,
} from './protocol.ts';
import type { Scenario } from './scenarios/scenarios.ts';
import { seedObjects } from './seed.ts';

export interface LabOptions {
  scenario: Scenario;
  /** Seconds of cluster time in one second of wall time. */
  timeScale: number;
  /** As `timeScale`, of inference alone; the machine that all of it shares must keep up with the load. */
  inferenceScale?: number;
  seed: number;
  /** Which controller of KServe the cluster has; ODH v0.15 unless given. */
  kserve?: KserveVersion;
  /** A real kube-apiserver in place of the lab's own. */
  apiServer?: RealApiServer;
  /** Real parts in place of the lab's API server, controllers, gateway and endpoint picker. */
  stack?: RealStack;
  /** Whether jobs are trusted by their subject, as docs/quickstart.md has it bound. */
  trustsSubjects?: boolean;
  /**
   * One process for all of the lab's servers, in place of four. It starts in half of the CPU time, and serves as well
   * where nothing is measured; four keep up with a load.
   */
  isOneProcess?: boolean;
  /** Program that runs one lab process: a module for `fork` and its arguments. */
  entry: { module: string; args: string[] };
}

/** The recorded runbook's cluster, as the lab plays it. */
export const LAB = {
  project: 'lab-project',
  projectNumber: '123456789012',
  location: 'europe-west4-a',
  cluster: 'llmd-istio-tpu-pattern1',
  nodePool: 'tpu-v6e-pool',
  namespace: 'llm-d-inference-scheduling',
  gateway: { namespace: 'opendatahub', name: 'inference-gateway' },
  provider: 'projects/123456789012/locations/global/workloadIdentityPools/github/providers/lab',
  serviceAccountEmail: 'gate@lab-project.iam.gserviceaccount.com',
  preflightEmail: 'gate-preflight@lab-project.iam.gserviceaccount.com',
  repository: 'octo/serving',
  pullRequest: 7,
} as const;

/** Who may become which service account. */
const ACCOUNTS: Record<string, LabAccount> = {
  [LAB.serviceAccountEmail]: {
    subjects: [`repo:${LAB.repository}:environment:tpu`, `repo:${LAB.repository}:ref:refs/heads/main`],
    readOnly: false,
  },
  [LAB.preflightEmail]: { subjects: [`repo:${LAB.repository}:pull_request`], readOnly: true },
};

export interface Lab {
  gcp: GcpPorts;
  kube: KubePorts;
  serving: ServingPorts;
  github: GithubPorts;
  /** What a runner of GitHub's with this cluster has in its environment. */
  env: Record<string, string>;
  /** A service account key that the lab's token endpoint accepts. */
  serviceAccountKey: string;
  /** The credential file that google-github-actions/auth would write: external_account from the OIDC variables. */
  externalAccountFile: string;
  githubToken: string;
  /** Signs access tokens that the lab accepts. */
  tokenSecret: string;
  record(): Promise<LabRecord>;
  /** Resolves with a sentence when a process of the lab ends although nobody has stopped the lab. */
  broken: Promise<string>;
  stop(): Promise<void>;
}

export interface LabRecord {
  gcp: GcpRecord;
  kube: KubeRecord;
  serving: ServingRecord;
  github: GithubRecord;
}

/** Starts the lab's four servers; the caller must `stop` it. */
export async function startLab(options: LabOptions): Promise<Lab> {
  const { scenario, timeScale, seed } = options;
  const common = { scenario, timeScale, seed };
  const inference = { ...common, timeScale: options.inferenceScale ?? timeScale };
  const children: ChildProcess[] = [];
  const broken = Promise.withResolvers<string>();
  let isStopped = false;
  const stop = async () => {
    isStopped = true;
    await Promise.all(children.map(end));
  };
  const startProcess = (name: string): ChildProcess => {
    const child = fork(options.entry.module, options.entry.args, {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      // A process group of its own: a signal to the group of the gate is not for the lab, which must outlive the gate.
      detached: true,
      // Of no use to the lab, and some of it (proxies, node options) would change how it behaves.
      env: childEnv(),
    });
    children.push(child);
    child.once('exit', (code, signal) => {
      if (!isStopped) broken.resolve(`the lab's ${name} process was ended by ${signal ?? `exit code ${code}`}`);
    });
    return child;
  };
  let only: ChildProcess | undefined;
  const launch = async <Ports>(role: LabRole): Promise<Ports> => {
    if (options.isOneProcess) only ??= startProcess('one');
    const child = only ?? startProcess(role.role);
    const isReady = ready(child, role.role);
    child.send(role, () => {});
    return (await isReady) as Ports;
  };
  try {
    const tls = await loopbackCertificate('tpu-serving-gate lab');
    const tokenSecret = randomBytes(24).toString('hex');
    const githubToken = `ghs_${randomBytes(18).toString('hex')}`;
    const { privateKey, publicKey } = rsaKeyPair('service-account');
    const [serving, github] = await Promise.all([
      launch<ServingPorts>({ role: 'serving', config: { ...inference, tls: { cert: tls.cert, key: tls.key } } }),
      launch<GithubPorts>({
        role: 'github',
        config: {
          token: githubToken,
          login: 'github-actions[bot]',
          repository: LAB.repository,
          pullRequests: [LAB.pullRequest],
          refused: scenario.github.refused,
        },
      }),
    ]);
    const gatewayUrl = new URL(serving.gatewayUrl);
    const kube = await launch<KubePorts>({
      role: 'kube',
      config: {
        ...common,
        tls: { cert: tls.cert, key: tls.key },
        caPem: tls.caPem,
        tokenSecret,
        servingControlUrl: serving.controlUrl,
        namespace: LAB.namespace,
        gateway: { ...LAB.gateway, url: serving.gatewayUrl, adminPort: serving.gatewayAdminPort },
        ...(options.kserve ? { kserve: options.kserve } : {}),
        ...(options.trustsSubjects ? { readers: [LAB.preflightEmail] } : {}),
        ...(options.apiServer ? { apiServer: options.apiServer } : {}),
        ...(options.stack ? { stack: options.stack } : {}),
        seedObjects: seedObjects({
          faults: scenario.cluster,
          byDemand: scenario.gcp.autoscaler !== null,
          ...(options.kserve ? { kserve: options.kserve } : {}),
          namespace: LAB.namespace,
          gateway: {
            ...LAB.gateway,
            host: scenario.cluster.gateway === 'internal' ? INTERNAL_ADDRESS : gatewayUrl.hostname,
            port: Number(gatewayUrl.port),
          },
        }),
      },
    });
    const gcp = await launch<GcpPorts>({
      role: 'gcp',
      config: {
        ...common,
        project: LAB.project,
        projectNumber: LAB.projectNumber,
        location: LAB.location,
        cluster: LAB.cluster,
        clusterEndpoint: kube.endpoint,
        clusterCaPem: kube.caPem,
        nodePool: {
          name: LAB.nodePool,
          machineType: 'ct6e-standard-4t',
          tpuTopology: '2x2',
          chipsPerNode: 4,
          initialNodeCount: 0,
        },
        tokenSecret,
        serviceAccount: {
          email: LAB.serviceAccountEmail,
          publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
        },
        ...(options.trustsSubjects ? { accounts: ACCOUNTS } : {}),
        kubeControlUrl: kube.controlUrl,
      },
    });
    return {
      gcp,
      kube,
      serving,
      github,
      githubToken,
      tokenSecret,
      externalAccountFile: JSON.stringify({
        type: 'external_account',
        audience: `//iam.googleapis.com/${LAB.provider}`,
        subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
        token_url: `${gcp.url}/v1/token`,
        credential_source: {
          url: `${gcp.oidcRequestUrl}&audience=${encodeURIComponent(`https://iam.googleapis.com/${LAB.provider}`)}`,
          headers: { Authorization: `Bearer ${gcp.oidcRequestToken}` },
          format: { type: 'json', subject_token_field_name: 'value' },
        },
      }),
      serviceAccountKey: JSON.stringify({
        type: 'service_account',
        project_id: LAB.project,
        private_key_id: randomBytes(20).toString('hex'),
        private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
        client_email: LAB.serviceAccountEmail,
        token_uri: `${gcp.url}/token`,
      }),
      env: {
        CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER: `${gcp.url}/`,
        CLOUDSDK_API_ENDPOINT_OVERRIDES_STS: `${gcp.url}/`,
        CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS: `${gcp.url}/`,
        TPU_SERVING_GATE_REGISTRY_MIRROR: gcp.registryUrl,
        ACTIONS_ID_TOKEN_REQUEST_URL: gcp.oidcRequestUrl,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: gcp.oidcRequestToken,
        GITHUB_API_URL: github.apiUrl,
        GITHUB_GRAPHQL_URL: github.graphqlUrl,
        GITHUB_SERVER_URL: 'https://github.com',
        GITHUB_REPOSITORY: LAB.repository,
      },
      async record() {
        const [gcpRecord, kubeRecord, servingRecord, githubRecord] = await Promise.all(
          [gcp, kube, serving, github].map(async ({ controlUrl }) => (await fetch(`${controlUrl}/record`)).json()),
        );
        return { gcp: gcpRecord, kube: kubeRecord, serving: servingRecord, github: githubRecord } as LabRecord;
      },
      broken: broken.promise,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function ready(child: ChildProcess, role: LabRole['role']): Promise<Record<string, string>> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null, signal: string | null) =>
      reject(new Error(`the lab's ${role} process ended before it was ready (${signal ?? code})`));
    const onMessage = (message: unknown) => {
      const answer = message as LabMessage;
      if (answer.role !== role) return;
      child.off('exit', onExit);
      child.off('message', onMessage);
      if ('ready' in answer) resolve(answer.ready);
      else reject(new Error(`the lab's ${role} server failed: ${answer.failed}`));
    };
    child.once('exit', onExit);
    child.once('error', reject);
    child.on('message', onMessage);
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  if (child.connected) child.send('stop', () => {});
  const killer = setTimeout(() => child.kill('SIGKILL'), 3_000);
  await exited;
  clearTimeout(killer);
}
