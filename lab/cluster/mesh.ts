import { selects } from '../kube/selectors.ts';
import type { Store } from '../kube/store.ts';
import type { KubeObject } from '../protocol.ts';
import { PEER_AUTHENTICATIONS } from './resources.ts';

export const ROOT_NAMESPACE = 'istio-system';

/**
 * Whether the sidecar of a pod takes mTLS of the mesh alone at a port: the policy of the workload counts before that of its
 * namespace, and that before the mesh's. A pod without a sidecar demands nothing. As istio's `ComposePeerAuthentication`
 * (pilot/pkg/security/authn/policy_applier.go), but for two policies of one level.
 */
export function demandsMtls(store: Store, pod: KubeObject, port: number): boolean {
  if (pod.metadata.labels?.['security.istio.io/tlsMode'] !== 'istio') return false;
  const policies = store.list(PEER_AUTHENTICATIONS);
  const isSelective = ({ spec }: KubeObject) => Object.keys(spec?.selector?.matchLabels ?? {}).length > 0;
  const within = (namespace: string | undefined, selective: boolean) =>
    policies.find(
      (policy) =>
        policy.metadata.namespace === namespace &&
        isSelective(policy) === selective &&
        selects(policy.spec?.selector, pod.metadata.labels),
    );
  const own = within(pod.metadata.namespace, true);
  const modes = [
    own?.spec?.portLevelMtls?.[String(port)]?.mode,
    ...[own, within(pod.metadata.namespace, false), within(ROOT_NAMESPACE, false)].map(
      (policy) => policy?.spec?.mtls?.mode as string | undefined,
    ),
  ];
  return modes.find((mode) => mode !== undefined && mode !== 'UNSET') === 'STRICT';
}
