import type { KubeClient } from '../clients/kubernetes/client.ts';
import type { Answers } from '../init/answers.ts';
import type { World } from '../init/discover.ts';
import type { CloudNames } from '../init/names.ts';
import { adviceText } from '../lib/failure.ts';
import { checkAccess } from '../stages/preflight/access.ts';
import { choosePool } from '../tpu/pool-shape.ts';
import { type Commands, type Finding, missing, notChecked, ok } from './finding.ts';

const PULL_SECRET = 'redhat-pull-secret';

/** What is set up in the cluster: the pool, the gateway, the namespace, its secret, and the roles of both identities. */
export async function checkCluster(
  world: World,
  answers: Answers,
  names: CloudNames,
  commands: Commands,
): Promise<Finding[]> {
  const { cluster, pool, namespace, gateway } = answers;
  const opened = await world.open(answers).then(
    (clients) => clients,
    (error: unknown) => adviceText(error),
  );
  if (typeof opened === 'string') {
    return ['Cluster', 'Node pool', 'Gateway', 'Namespace', 'Roles in the cluster'].map((title) =>
      notChecked(title, opened.replace(/\.+$/, '')),
    );
  }
  const { kube, info } = opened;
  const [gatewayNamespace = '', gatewayName = ''] = gateway.split('/');
  const found = await Promise.all([
    look('Node pool', () => {
      choosePool(info, pool);
      return ok('Node pool', `${pool} of ${cluster}`);
    }),
    look('Gateway', async () => {
      const ref = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway' as const };
      const there = await kube.get({ ...ref, namespace: gatewayNamespace, name: gatewayName });
      if (there) return ok('Gateway', gateway);
      return missing('Gateway', `${gateway} does not exist`, 'kubectl get gateways --all-namespaces');
    }),
    look('Namespace', async () => {
      const there = await kube.get({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
      return there
        ? ok('Namespace', namespace)
        : missing('Namespace', `${namespace} does not exist`, commands('namespace'));
    }),
    look('Pull secret', async () => {
      const secret = await kube.secretKeys(namespace, PULL_SECRET);
      if (secret) return ok('Pull secret', `${PULL_SECRET} in ${namespace}`);
      return missing('Pull secret', `${PULL_SECRET} is not in ${namespace}`, commands('pull-secret'));
    }),
    rolesOf(kube, answers, { identity: names.account, readOnly: false }, commands('rbac')),
    rolesOf(kube, answers, { identity: names.readingAccount, readOnly: true }, commands('reading-rbac')),
  ]);
  return found;
}

/** What preflight asks for its own identity, asked for another one. */
async function rolesOf(
  kube: KubeClient,
  { namespace, gateway }: Answers,
  { identity, readOnly }: { identity: string; readOnly: boolean },
  remedy: string,
): Promise<Finding> {
  const title = `Roles in the cluster of ${identity}`;
  const asked: KubeClient = {
    ...kube,
    // Only one's own rules can be listed.
    rulesIn: async () => [],
    canI: (attributes) => kube.canUser(identity, attributes),
  };
  try {
    const { seen = '' } = await checkAccess(asked, {
      namespace,
      leaseNamespace: 'default',
      gatewayNamespace: gateway.split('/')[0] ?? null,
      poolGroups: await poolGroups(kube),
      readOnly,
    });
    return ok(title, seen.split(';')[0] ?? seen);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const isRefusal = error instanceof Error && Reflect.get(error, 'code') === 'kube-permission';
    const lacking: unknown = isRefusal ? Reflect.get(Reflect.get(error, 'evidence') as object, 'missing') : undefined;
    return Array.isArray(lacking)
      ? missing(title, `it may not ${lacking.join('; ')}`, remedy)
      : notChecked(title, text.replace(/\.+$/, ''));
  }
}

/** API groups of InferencePool that the cluster has. */
async function poolGroups(kube: KubeClient): Promise<string[]> {
  const groups = ['inference.networking.k8s.io', 'inference.networking.x-k8s.io'];
  const versions = await Promise.all(groups.map((group) => kube.versionsOf(group)));
  return groups.filter((_, index) => (versions[index] ?? []).length > 0);
}

async function look(title: string, read: () => Finding | Promise<Finding>): Promise<Finding> {
  try {
    return await read();
  } catch (error) {
    return notChecked(title, adviceText(error).replace(/\.+$/, ''));
  }
}
