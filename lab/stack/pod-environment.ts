import type { ContainerSpec, PodContext } from '../cluster/pod-context.ts';
import { CONFIG_MAPS, SECRETS } from '../cluster/resources.ts';

interface Source {
  fieldRef?: { fieldPath: string };
  secretKeyRef?: { name: string; key: string };
  configMapKeyRef?: { name: string; key: string };
}

/** The environment that a container's spec asks for. What refers to nothing is left out. */
export function environmentOf(context: PodContext, spec: ContainerSpec): Record<string, string> {
  const result: Record<string, string> = {};
  for (const { name, value, valueFrom } of spec.env ?? []) {
    const found = value === undefined ? sourced(context, (valueFrom ?? {}) as Source) : expanded(value, result);
    if (found !== undefined) result[name] = found;
  }
  return result;
}

/** Kubernetes' own `$(NAME)`; a name that is not known stays as it is. */
export function expanded(text: string, env: Record<string, string>): string {
  return text.replaceAll(/\$\(([\w.-]+)\)/g, (whole, name: string) => env[name] ?? whole);
}

function sourced({ pod, record, store }: PodContext, source: Source): string | undefined {
  const { namespace, name, uid, labels = {} } = pod.metadata;
  if (source.secretKeyRef) {
    const { name: secret, key } = source.secretKeyRef;
    const encoded = store.get(SECRETS, namespace, secret)?.data?.[key] as string | undefined;
    return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString();
  }
  if (source.configMapKeyRef) {
    return store.get(CONFIG_MAPS, namespace, source.configMapKeyRef.name)?.data?.[source.configMapKeyRef.key];
  }
  const path = source.fieldRef?.fieldPath ?? '';
  const label = /^metadata\.labels\['(.+)'\]$/.exec(path)?.[1];
  if (label !== undefined) return labels[label] ?? '';
  const fields: Record<string, string | undefined> = {
    'metadata.name': name,
    'metadata.namespace': namespace,
    'metadata.uid': uid,
    'spec.nodeName': pod.spec.nodeName,
    'spec.serviceAccountName': pod.spec.serviceAccountName ?? 'default',
    'status.podIP': record.podIp,
    'status.podIPs': record.podIp,
    'status.hostIP': record.hostIp,
  };
  return fields[path];
}
