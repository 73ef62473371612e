import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kserveVersion, unknownKserve } from './cluster/kserve-versions.ts';
import { END_SIGNALS } from './end-signals.ts';
import { LAB, startLab } from './lab.ts';
import type { Terminal } from './rehearse.ts';
import { SCENARIOS } from './scenarios/scenarios.ts';
import { issueToken } from './tokens.ts';

const TOKEN_LIFE_MS = 12 * 3_600_000;

/** Starts the lab alone and prints what independent clients need to talk to it, until interrupted. */
export async function serveLab(
  options: { scenario: string; kserve: string; timeScale: string; json: boolean },
  terminal: Terminal,
): Promise<number> {
  const scenario = SCENARIOS[options.scenario];
  const timeScale = Number(options.timeScale);
  if (!scenario || !(timeScale >= 1 && timeScale <= 100)) {
    terminal.write(`Give --scenario (${Object.keys(SCENARIOS).join(', ')}) and --time-scale (1 to 100).`);
    return 3;
  }
  const kserve = kserveVersion(options.kserve);
  if (!kserve) {
    terminal.write(unknownKserve(options.kserve));
    return 3;
  }
  // The listeners stay: a second signal must not end this process before the lab and its files are gone.
  const interrupted = new Promise<void>((resolve) => {
    for (const signal of END_SIGNALS) process.on(signal, () => resolve());
  });
  const folder = await mkdtemp(join(tmpdir(), 'tpu-serving-gate-lab-'));
  const lab = await startLab({
    scenario,
    timeScale,
    seed: 20_260_213,
    kserve,
    entry: { module: terminal.module, args: ['lab-process'] },
  });
  try {
    const files = {
      ca: join(folder, 'ca.pem'),
      token: join(folder, 'token'),
      kubeconfig: join(folder, 'kubeconfig'),
      key: join(folder, 'key.json'),
      adc: join(folder, 'adc.json'),
    };
    const token = issueToken(lab.tokenSecret, {
      subject: 'developer@example.com',
      expiresAt: Date.now() + TOKEN_LIFE_MS,
    });
    await writeFile(files.ca, lab.kube.caPem);
    await writeFile(files.token, token, { mode: 0o600 });
    await writeFile(files.key, lab.serviceAccountKey, { mode: 0o600 });
    await writeFile(files.adc, lab.externalAccountFile, { mode: 0o600 });
    await writeFile(files.kubeconfig, kubeconfig(lab.kube.endpoint, files.ca, token), { mode: 0o600 });
    const environment = {
      KUBECONFIG: files.kubeconfig,
      CLOUDSDK_CONFIG: join(folder, 'gcloud'),
      CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
      CLOUDSDK_CORE_PROJECT: LAB.project,
      CLOUDSDK_AUTH_ACCESS_TOKEN_FILE: files.token,
      GOOGLE_APPLICATION_CREDENTIALS: files.adc,
      ...otherApis(lab.gcp.url),
      ...lab.env,
      GITHUB_TOKEN: lab.githubToken,
      // As docs/quickstart.md calls them.
      PROJECT: LAB.project,
      LOCATION: LAB.location,
      CLUSTER: LAB.cluster,
      POOL: LAB.nodePool,
      NAMESPACE: LAB.namespace,
      GATEWAY: `${LAB.gateway.namespace}/${LAB.gateway.name}`,
      REPOSITORY: LAB.repository,
      REGISTRY_USER: 'lab',
      REGISTRY_TOKEN: 'lab',
    };
    if (options.json) {
      terminal.write(
        JSON.stringify({ environment, files, controlUrls: controlUrls(lab), gatewayUrl: lab.serving.gatewayUrl }),
      );
    } else {
      for (const line of instructions(environment, lab.serving.gatewayUrl)) terminal.write(line);
    }
    await interrupted;
    return 0;
  } finally {
    await lab.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Services that gcloud is likely to be asked for; the lab plays none of these, and its refusal names the lab. */
const OTHER_APIS: Record<string, string> = {
  ARTIFACTREGISTRY: '',
  CLOUDBILLING: '',
  CLOUDQUOTAS: '',
  CLOUDRESOURCEMANAGER: '',
  COMPUTE: 'compute/v1/',
  GKEHUB: '',
  IAM: '',
  LOGGING: '',
  MONITORING: '',
  SECRETS: '',
  SERVICEMANAGEMENT: '',
  SERVICEUSAGE: '',
  STORAGE: 'storage/v1/',
  TPU: '',
};

/** Settings that send gcloud to the lab for them: it would take the lab's token to Google otherwise. */
export function otherApis(url: string): Record<string, string> {
  const names = Object.entries(OTHER_APIS);
  return Object.fromEntries(names.map(([api, path]) => [`CLOUDSDK_API_ENDPOINT_OVERRIDES_${api}`, `${url}/${path}`]));
}

function controlUrls(lab: Awaited<ReturnType<typeof startLab>>): Record<string, string> {
  const { gcp, kube, serving, github } = lab;
  return { gcp: gcp.controlUrl, kube: kube.controlUrl, serving: serving.controlUrl, github: github.controlUrl };
}

function instructions(environment: Record<string, string>, gatewayUrl: string): string[] {
  const { cluster, location, nodePool, namespace } = LAB;
  return [
    'The lab is running; Ctrl-C ends it. In another shell:',
    '',
    ...Object.entries(environment).map(([name, value]) => `export ${name}='${value}'`),
    '',
    `gcloud container node-pools describe ${nodePool} --cluster ${cluster} --location ${location}`,
    `gcloud container clusters resize ${cluster} --node-pool ${nodePool} --num-nodes 3 --location ${location}`,
    'kubectl get nodes',
    `kubectl apply --server-side -n ${namespace} -k manifests/pattern3`,
    `kubectl get pods -n ${namespace} --watch`,
    `kubectl wait -n ${namespace} --for=condition=Ready llminferenceservice/qwen2-3b-pattern3 --timeout=5m`,
    `curl ${gatewayUrl}/${namespace}/qwen2-3b-pattern3/v1/models`,
  ];
}

function kubeconfig(endpoint: string, ca: string, token: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'lab', cluster: { server: `https://${endpoint}`, 'certificate-authority': ca } }],
    users: [{ name: 'lab', user: { token } }],
    contexts: [{ name: 'lab', context: { cluster: 'lab', user: 'lab', namespace: LAB.namespace } }],
    'current-context': 'lab',
  });
}
