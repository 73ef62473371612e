import type { KubeClient } from '../clients/kubernetes/client.ts';
import { unlessForbidden } from '../clients/kubernetes/forbidden.ts';
import type { PeerAuthentication } from '../clients/kubernetes/kinds.ts';

/** Istio's own namespace, where a PeerAuthentication without a selector is for the whole mesh. */
export const MESH_NAMESPACE = 'istio-system';

/** How pods of a namespace are in the mesh. */
export type Membership = 'sidecar' | 'ambient' | 'none';

/** Whether Istio puts a sidecar into pods of the namespace, or redirects their traffic; null when that may not be read. */
export async function membershipOf(kube: KubeClient, namespace: string): Promise<Membership | null> {
  return unlessForbidden(async () => {
    const object = await kube.get({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
    const labels = object?.metadata.labels ?? {};
    if (labels['istio-injection'] === 'enabled' || labels['istio.io/rev'] !== undefined) return 'sidecar';
    return labels['istio.io/dataplane-mode'] === 'ambient' ? 'ambient' : 'none';
  });
}

/** The mTLS mode that holds for a port of a pod, and the policy that sets it; null where none does. */
export interface MtlsMode {
  mode: string;
  from: string | null;
}

/**
 * The mode for one port of one pod: of the workload's policy, the namespace's, the mesh's, and PERMISSIVE without any.
 * UNSET inherits; of two at one level the older counts. (istio pilot/pkg/security/authn/policy_applier.go,
 * `ComposePeerAuthentication`.)
 */
export function mtlsModeOf(
  policies: readonly PeerAuthentication[],
  pod: { namespace: string; labels: Readonly<Record<string, string>>; port: number },
): MtlsMode {
  const byAge = [...policies].sort((a, b) => bornAt(a) - bornAt(b));
  const first = (namespace: string, selected: boolean) =>
    byAge.find(
      (policy) =>
        policy.metadata.namespace === namespace && hasSelector(policy) === selected && selects(policy, pod.labels),
    );
  const workload = pod.namespace === MESH_NAMESPACE ? undefined : first(pod.namespace, true);
  const levels = [workload, first(pod.namespace, false), first(MESH_NAMESPACE, false)];
  const ofPort = workload?.spec?.portLevelMtls?.[String(pod.port)]?.mode;
  if (workload && isSet(ofPort)) return { mode: ofPort, from: nameOf(workload) };
  for (const policy of levels) {
    const mode = policy?.spec?.mtls?.mode;
    if (policy && isSet(mode)) return { mode, from: nameOf(policy) };
  }
  return { mode: 'PERMISSIVE', from: null };
}

function isSet(mode: string | undefined): mode is string {
  return mode !== undefined && mode !== '' && mode !== 'UNSET';
}

function hasSelector({ spec }: PeerAuthentication): boolean {
  return Object.keys(spec?.selector?.matchLabels ?? {}).length > 0;
}

function selects({ spec }: PeerAuthentication, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(spec?.selector?.matchLabels ?? {}).every(([name, value]) => labels[name] === value);
}

/** In milliseconds; a policy that is yet to be made is the youngest. */
function bornAt({ metadata }: PeerAuthentication): number {
  return metadata.creationTimestamp ? Date.parse(metadata.creationTimestamp) : Number.MAX_SAFE_INTEGER;
}

const nameOf = ({ metadata }: PeerAuthentication) => `${metadata.namespace}/${metadata.name}`;
