import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LAB, type Lab } from '../../lab/lab.ts';
import { SCENARIOS } from '../../lab/scenarios/scenarios.ts';
import { issueToken } from '../../lab/tokens.ts';
import type { Fault } from './proxy.ts';
import { playWhole } from './whole-cases.ts';
import { type Server, startWholeWorld } from './whole-world.ts';

const POOL_PATH = `/v1/projects/${LAB.project}/locations/${LAB.location}/clusters/${LAB.cluster}/nodePools/${LAB.nodePool}`;
const PODS = `GET /api/v1/namespaces/${LAB.namespace}/pods`;

export interface Disaster {
  name: string;
  /** A scenario of the lab. */
  scenario: string;
  fault: { step: 'main' | 'post'; server: Server; shape: string; nth: number; fault: Fault } | null;
}

/** What ends badly, by name; after each an independent client must see no node. */
export const DISASTERS: readonly Disaster[] = [
  {
    name: 'killed as the resize is accepted',
    scenario: 'pass',
    fault: setSize('main', { kind: 'kill', before: false }),
  },
  { name: 'killed in the benchmark', scenario: 'pass', fault: inMain(`${PODS}/*/portforward`, 20, 'kill') },
  { name: 'cancelled while the pods start', scenario: 'pass', fault: inMain(PODS, 0, 'interrupt') },
  {
    name: 'the machine lost before post asks',
    scenario: 'pass',
    fault: setSize('post', { kind: 'kill', before: true }),
  },
  { name: 'the answer to the resize lost', scenario: 'pass', fault: setSize('main', { kind: 'lost-reply' }) },
  ...[
    'stockout-chasing',
    'partial',
    'auto-repair',
    'regional-outage',
    'preempted',
    'token-expiry',
    'foreign-resize',
  ].map((scenario) => ({ name: `the scenario "${scenario}"`, scenario, fault: null })),
];

function setSize(step: 'main' | 'post', fault: Fault): Disaster['fault'] {
  return { step, server: 'google', shape: `POST ${POOL_PATH}:setSize`, nth: 0, fault };
}

function inMain(shape: string, nth: number, kind: 'kill' | 'interrupt'): Disaster['fault'] {
  const fault: Fault = kind === 'kill' ? { kind, before: true } : { kind };
  return { step: 'main', server: 'kube', shape, nth, fault };
}

export const hasGcloud = spawnSync('sh', ['-c', 'command -v gcloud && command -v kubectl']).status === 0;

/** Plays one in a lab of its own, then asks gcloud and kubectl. */
export async function playDisaster({ name, scenario, fault }: Disaster): Promise<{ broken: string[]; by: string }> {
  const world = await startWholeWorld(SCENARIOS[scenario]);
  try {
    const { broken, by } = await playWhole(world, fault && { name, ...fault });
    return { broken: [...broken, ...(await seenByOthers(world.lab))], by };
  } finally {
    await world.close();
  }
}

/** What is left by the word of gcloud and kubectl. */
async function seenByOthers(lab: Lab): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'gcloud-'));
  const token = issueToken(lab.tokenSecret, { subject: 'developer@example.com', expiresAt: Date.now() + 600_000 });
  writeFileSync(join(folder, 'token'), token);
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    KUBECONFIG: join(folder, 'kubeconfig'),
    CLOUDSDK_CONFIG: join(folder, 'config'),
    CLOUDSDK_CORE_PROJECT: LAB.project,
    CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
    CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK: '1',
    CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER: `${lab.gcp.url}/`,
    CLOUDSDK_AUTH_ACCESS_TOKEN_FILE: join(folder, 'token'),
  };
  const run = async (command: string, ...args: string[]) =>
    (await promisify(execFile)(command, args, { env })).stdout.trim();
  const where = ['--location', LAB.location];
  try {
    const [cluster, pool] = [
      await run(
        'gcloud',
        'container',
        'clusters',
        'describe',
        LAB.cluster,
        ...where,
        '--format=value(currentNodeCount)',
      ),
      await run(
        'gcloud',
        ...['container', 'node-pools', 'describe', LAB.nodePool, '--cluster', LAB.cluster, ...where],
        '--format=value(initialNodeCount)',
      ),
    ];
    const running = await run(
      'gcloud',
      'container',
      'operations',
      'list',
      '--filter=status!=DONE',
      '--format=value(name)',
    );
    const kubectl = ['--server', `https://${lab.kube.endpoint}`, '--token', token, '--insecure-skip-tls-verify'];
    const selector = `cloud.google.com/gke-nodepool=${LAB.nodePool}`;
    const nodes = await run('kubectl', ...kubectl, 'get', 'nodes', '-l', selector, '-o', 'name');
    return [
      Number(cluster || 0) === 0 ? null : `gcloud sees ${cluster} nodes`,
      Number(pool || 0) === 0 ? null : `gcloud sees a pool of ${pool}`,
      running === '' ? null : `gcloud sees ${running} run`,
      nodes === '' ? null : `kubectl sees ${nodes}`,
    ].filter((text) => text !== null);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
