import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { CLI } from '../../../../test/cli.ts';
import { createRealApi, type RealApi } from '../../../apiserver/real-api.ts';
import { gateRoles } from '../../../apiserver/roles.ts';
import { LAB, startLab } from '../../../lab.ts';
import type { KubeObject, NodePoolState, ProgramRecord } from '../../../protocol.ts';
import { SCENARIOS, type Scenario } from '../../../scenarios/scenarios.ts';
import { LOAD_BALANCER } from '../../../stack/addresses.ts';
import { issueToken } from '../../../tokens.ts';

const ROOT = resolve(import.meta.dirname, '../../../..');
export const NAMESPACE = LAB.namespace;
const PATIENCE_MS = 90_000;
/** Not the pool of the lab's cloud, which says of that one at its start that it has no nodes. */
const POOL = 'contract-pool';

/** A cluster with its gateway, seen from where an administrator of it stands. */
export interface World {
  kind: 'lab' | 'real';
  /** As the cluster's administrator. */
  api: RealApi;
  /** `https://HOST:PORT` of the API server, its authority, and the administrator's token. */
  server: string;
  caPem: string;
  token: string;
  /** `http://HOST:PORT` of the gateway's listener. */
  gatewayUrl: string;
  /** Base of the admin listener of the gateway's Envoy. */
  adminUrl: string;
  /** The processes of an image, by a part of its name; only the real stack has any. */
  programs(image: string): Promise<ProgramRecord[]>;
  stop(): Promise<void>;
}

/** Starts the lab with a scenario of its own, or the stack of real parts in `assets`; four TPU nodes are there. */
export async function startWorld(options: { assets?: string; scenario?: Scenario; timeScale: number }): Promise<World> {
  const { assets, timeScale, scenario = SCENARIOS.pass! } = options;
  const lab = await startLab({
    scenario,
    timeScale,
    seed: 7,
    ...(assets === undefined
      ? RECORDED_KSERVE
      : { stack: { assets, rbac: await roles(), add: [], verbose: isVerbose() } }),
    entry: { module: CLI, args: ['lab-process'] },
  });
  const claims = { subject: 'contract@example.com', expiresAt: Date.now() + 86_400_000 };
  const token = lab.kube.adminToken ?? issueToken(lab.tokenSecret, claims);
  const access = { server: `https://${lab.kube.endpoint}`, caPem: lab.kube.caPem, token };
  const api = createRealApi({ ...access, agent: 'contract' });
  await fetch(`${lab.kube.controlUrl}/node-pools/${POOL}`, {
    method: 'PUT',
    body: JSON.stringify(nodes(4)),
  });
  const isReal = assets !== undefined;
  return {
    kind: isReal ? 'real' : 'lab',
    ...access,
    api,
    gatewayUrl: isReal ? `http://${LOAD_BALANCER}` : lab.serving.gatewayUrl,
    adminUrl: `http://127.0.0.1:${isReal ? 15_000 : lab.serving.gatewayAdminPort}`,
    programs: async (image) =>
      ((await lab.record()).kube.programs ?? []).filter((program) => program.image.includes(image)),
    async stop() {
      await api.close();
      await lab.stop();
    },
  };
}

/** The flavour of the lab's KServe whose recordings there are. */
const RECORDED_KSERVE: object = { kserve: 'v0.20' };

const isVerbose = () => process.env.STACK_VERBOSE !== undefined;

const roles = () => gateRoles(pathToFileURL(`${resolve(ROOT, 'manifests/rbac')}/`));

function nodes(count: number): NodePoolState {
  return {
    machineType: 'ct6e-standard-4t',
    tpuTopology: '2x2',
    chipsPerNode: 4,
    zone: 'europe-west4-a',
    nodes: Array.from({ length: count }, (_, index) => ({
      name: `gke-${POOL}-${index}`,
      createdAt: new Date().toISOString(),
    })),
  };
}

/** The objects of a file below `manifests/`. */
export async function manifest(file: string): Promise<KubeObject[]> {
  const text = await readFile(resolve(ROOT, 'manifests', file), 'utf8');
  return parseAllDocuments(text).map((document) => document.toJS() as KubeObject);
}

/** Polls until `holds` returns something; throws with `what` after 90 s, or after as long as given. */
export async function until<T>(
  what: string,
  holds: () => Promise<T | null | false | undefined>,
  patienceMs = PATIENCE_MS,
): Promise<T> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const found = await holds();
    if (found !== null && found !== false && found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`not within ${patienceMs / 1_000} s: ${what}`);
    await sleep(100);
  }
}
