import { gcloudProject } from '../clients/files/gcloud-config.ts';
import { defaultBranch, githubRemote } from '../clients/files/git-remote.ts';
import type { GoogleAdmin } from '../clients/google/admin.ts';
import type { ClusterInfo, GkeClient } from '../clients/google/gke.ts';
import type { KubeClient } from '../clients/kubernetes/client.ts';
import { adviceText } from '../lib/failure.ts';
import { systemClock } from '../lib/poll.ts';
import { type Connection, openAuth, openCluster } from '../pipeline/connect.ts';
import { GATEWAY_API } from '../stack/routes.ts';
import { gatewaysFor } from '../stages/preflight/gateway-choice.ts';
import { isTpuPool } from '../tpu/pool-shape.ts';
import type { Answers } from './answers.ts';

type Env = Readonly<Record<string, string | undefined>>;
type Place = Pick<Answers, 'project' | 'location' | 'cluster'>;

/** Values that an answer may have, and why there may be others. */
export interface Candidates {
  values: string[];
  /** Why they cannot be listed; null where they were. */
  problem: string | null;
}

/** A project and a cluster as `init` and `doctor` see them, with the credentials of whoever runs them. */
export interface World {
  repository(): Promise<string | null>;
  branch(): Promise<string | null>;
  project(): Promise<string | null>;
  admin(project: string): Promise<GoogleAdmin>;
  clusters(project: string): Promise<Candidates>;
  projectNumber(project: string): Promise<Candidates>;
  pools(place: Place): Promise<Candidates>;
  gateways(place: Place, namespace: string): Promise<Candidates>;
  /** Clients of a cluster, opened once. */
  open(place: Place): Promise<{ gke: GkeClient; kube: KubeClient; info: ClusterInfo }>;
  close(): Promise<void>;
}

const LIMIT_MS = 30_000;

/** `root`: the checkout. Secrets that come up are registered before they can be printed. */
export function createWorld(options: {
  env: Env;
  root: string;
  signal: AbortSignal;
  onSecret: (secret: string) => void;
}): World {
  const { env, root, signal, onSecret } = options;
  const connection = ({ project, location, cluster }: Place): Connection => ({
    inputs: {
      auth: { kind: 'adc' },
      projectId: project,
      location,
      cluster,
      dnsEndpoint: 'auto',
      apiTimeoutMs: LIMIT_MS,
    },
    env,
    clock: systemClock,
    signal,
    emit: () => {},
    onSecret,
  });
  let opened: { key: string; clients: ReturnType<World['open']> } | null = null;
  const openAdmin = async (project: string) => {
    const { createGoogleAdmin } = await import('../clients/google/admin.ts');
    const auth = await openAuth(connection({ project, location: '', cluster: '' }));
    return createGoogleAdmin({ auth, env, project, signal });
  };
  let asked: { project: string; admin: Promise<GoogleAdmin> } | null = null;
  const admin = (project: string) => {
    if (asked?.project !== project) asked = { project, admin: openAdmin(project) };
    return asked.admin;
  };
  const open: World['open'] = (place) => {
    const key = Object.values(place).join('/');
    if (opened?.key !== key) {
      const clients = openCluster(connection(place), 'preflight');
      clients.catch(() => {});
      opened = { key, clients };
    }
    return opened.clients;
  };
  return {
    repository: async () => env.GITHUB_REPOSITORY || (await githubRemote(root)),
    branch: () => defaultBranch(root),
    project: () => gcloudProject(env),
    admin,
    open,
    clusters: (project) =>
      listed(async () => {
        const found = await (await admin(project)).clusters(project);
        if ('unknown' in found) throw new Error(found.unknown);
        return (found.is ?? []).map(
          ({ name, location }) => `projects/${project}/locations/${location}/clusters/${name}`,
        );
      }),
    projectNumber: (project) =>
      listed(async () => {
        const found = await (await admin(project)).projectNumber(project);
        if ('unknown' in found) throw new Error(found.unknown);
        return found.is === null ? [] : [found.is];
      }),
    pools: (place) => listed(async () => (await open(place)).info.nodePools.filter(isTpuPool).map(({ name }) => name)),
    gateways: (place, namespace) =>
      listed(async () => {
        const all = (await (await open(place)).kube.list(GATEWAY_API, 'Gateway')) ?? [];
        return gatewaysFor(all, namespace).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
      }),
    async close() {
      const clients = await opened?.clients.catch(() => null);
      if (clients) await Promise.allSettled([clients.gke.close(), clients.kube.close()]);
    },
  };
}

async function listed(read: () => Promise<string[]>): Promise<Candidates> {
  try {
    return { values: await read(), problem: null };
  } catch (error) {
    return { values: [], problem: adviceText(error).replace(/\.+$/, '') };
  }
}
