import { randomBytes } from 'node:crypto';
import { ask } from './ask.ts';
import { loopbackCertificate } from './certs.ts';
import type { KserveVersion } from './cluster/kserve-versions.ts';
import { INTERNAL_ADDRESS } from './inside.ts';
import { rsaKeyPair } from './keys.ts';
import { type LabEntry, labProcesses } from './lab-processes.ts';
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
  /**
   * With `isOneProcess`: the process serves the next such lab once this one has stopped, with its code compiled and warm.
   * For tests, which start many.
   */
  isReused?: boolean;
  entry: LabEntry;
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
  const { launch, broken, stop } = labProcesses(options);
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
          [gcp, kube, serving, github].map(async ({ controlUrl }) =>
            JSON.parse((await ask(`${controlUrl}/record`)).text),
          ),
        );
        return { gcp: gcpRecord, kube: kubeRecord, serving: servingRecord, github: githubRecord } as LabRecord;
      },
      broken,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
