import type { Manifest } from '../../clients/files/manifests.ts';
import type { KubeClient } from '../../clients/kubernetes/client.ts';
import { Failure } from '../../lib/failure.ts';
import { evidenceAt } from '../../stack/service.ts';
import { notListed } from './listed-rights.ts';
import type { Look } from './table.ts';

interface Wanted {
  name: string;
  /** Null for all of it. */
  key: string | null;
  pull: boolean;
  manifest: Manifest;
}

/**
 * Secrets that the pods need, and their keys; values never leave the client. A right to read them is not among those that
 * the gate asks for: without it the line reports that, and a missing key shows when the pods start.
 */
export async function checkSecrets(kube: KubeClient, manifests: readonly Manifest[], namespace: string): Promise<Look> {
  const wanted = manifests.flatMap((manifest) => referenced(manifest.object.spec, manifest));
  const names = [...new Set(wanted.map(({ name }) => name))];
  if (names.length === 0) return { seen: 'the manifests need none' };
  const hidden: string[] = [];
  const failures: Failure[] = [];
  await Promise.all(
    names.map(async (name) => {
      if (!(await mayRead(kube, namespace, name))) {
        hidden.push(name);
        return;
      }
      const secret = await kube.secretKeys(namespace, name);
      for (const want of wanted.filter((one) => one.name === name)) {
        const failure = problem(want, secret, namespace);
        if (failure) failures.push(failure);
      }
    }),
  );
  const [first] = failures;
  if (first) {
    if (failures.length === 1) throw first;
    throw new Failure({
      stage: 'preflight',
      code: first.code,
      message: failures.map(({ message }) => message).join(' '),
      ...(first.hint ? { hint: first.hint } : {}),
      blame: first.blame,
      evidence: first.evidence,
    });
  }
  if (hidden.length > 0) {
    return {
      outcome: 'not-checked',
      seen: `${hidden.sort().join(', ')}: the gate may not read secrets of ${namespace}`,
      remedy: letRead(hidden, namespace),
    };
  }
  return { seen: `${names.sort().join(', ')} with the keys that are used` };
}

/** By the rules of the namespace, which the check of permissions asks for; a refused read of a secret may raise an alarm. */
async function mayRead(kube: KubeClient, namespace: string, name: string): Promise<boolean> {
  const need = { verb: 'get', group: '', resource: 'secrets', name };
  const open = await notListed(kube, namespace, [need]);
  return open.length === 0 || (await kube.canI({ ...need, namespace }));
}

/** Commands that let the gate read secrets by name; it looks at their keys alone. */
function letRead(names: readonly string[], namespace: string): string {
  const role = 'tpu-serving-gate-secrets';
  const each = names.filter((name) => /^[a-z0-9.-]{1,253}$/.test(name)).map((name) => `--resource-name ${name}`);
  return `With the e-mail of the gate's service account for IDENTITY: \`kubectl -n ${namespace} create role ${role} --verb get --resource secrets ${each.join(' ')}; kubectl -n ${namespace} create rolebinding ${role} --role ${role} --user IDENTITY\`. It looks at the keys alone.`;
}

function problem(
  { name, key, pull, manifest }: Wanted,
  secret: { type: string; keys: string[] } | null,
  namespace: string,
): Failure | null {
  const at = (where: RegExp, message: string) => evidenceAt(manifest, where, message);
  if (!secret) {
    return new Failure({
      stage: 'preflight',
      code: pull ? 'pull-secret-missing' : 'secret-missing',
      message: `${pull ? 'Image pull secret' : 'Secret'} ${name} does not exist in ${namespace}.`,
      hint: pull
        ? `kubectl -n ${namespace} create secret docker-registry ${name} --docker-server=… --docker-username=… --docker-password=…`
        : `kubectl -n ${namespace} create secret generic ${name} --from-literal=${key ?? 'KEY'}=…, or correct its name.`,
      evidence: at(new RegExp(`name: *["']?${name}["']?\\s*$`), `secret ${name} does not exist`),
    });
  }
  if (pull) {
    if (secret.type === 'kubernetes.io/dockerconfigjson' || secret.type === 'kubernetes.io/dockercfg') return null;
    return new Failure({
      stage: 'preflight',
      code: 'pull-secret-missing',
      message: `Secret ${name} in ${namespace} is of type ${secret.type}, which no kubelet takes for an image pull secret.`,
      hint: `Create it again: kubectl -n ${namespace} create secret docker-registry ${name} …`,
      evidence: at(new RegExp(`name: *["']?${name}["']?\\s*$`), `secret ${name} is of type ${secret.type}`),
    });
  }
  if (key === null || secret.keys.includes(key)) return null;
  return new Failure({
    stage: 'preflight',
    code: 'secret-key-missing',
    message: `Secret ${name} in ${namespace} has no key ${key}; it has ${secret.keys.join(', ') || 'none'}.`,
    hint: 'Correct the key in the manifest, or add it to the secret.',
    evidence: at(new RegExp(`key: *["']?${key}["']?\\s*$`), `secret ${name} has no key ${key}`),
  });
}

/** References at any depth: a service has four pod templates, and other kinds have more. Optional ones need not exist. */
function referenced(value: unknown, manifest: Manifest): Wanted[] {
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([field, inner]) => {
    const nested = referenced(inner, manifest);
    const found = (name: unknown, key: string | null, pull = false): Wanted[] =>
      typeof name === 'string' && name !== '' ? [{ name, key, pull, manifest }] : [];
    const ref: { name?: string; key?: string; secretName?: string; optional?: boolean } | null = inner;
    if (field === 'imagePullSecrets' && Array.isArray(inner)) {
      return inner.flatMap((each: { name?: string }) => found(each?.name, null, true));
    }
    if (ref === null || typeof ref !== 'object' || ref.optional === true) return nested;
    if (field === 'secretKeyRef') return found(ref.name, ref.key ?? null);
    if (field === 'secretRef') return found(ref.name, null);
    if (field === 'secret') return [...found(ref.secretName, null), ...nested];
    return nested;
  });
}
