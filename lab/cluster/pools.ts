import type { Store } from '../kube/store.ts';
import type { KubeObject } from '../protocol.ts';
import type { Labels } from './objects.ts';
import { DEPLOYMENTS, POOL_GROUPS, type PoolGroup } from './resources.ts';

/** What an InferencePool says in either of its two schemas. */
export interface Pool {
  selector: Labels;
  targetPort: number;
  /** Name of the endpoint picker's Service. */
  picker: string | undefined;
  /** Whether requests go on without the picker while it has no pod; both schemas fail closed by default. */
  failOpen: boolean;
}

export function readPool(pool: KubeObject): Pool {
  const { spec } = pool;
  if (pool.apiVersion.startsWith(`${POOL_GROUPS[0]}/`)) {
    return {
      selector: spec.selector ?? {},
      targetPort: spec.targetPortNumber,
      picker: spec.extensionRef?.name,
      failOpen: spec.extensionRef?.failureMode === 'FailOpen',
    };
  }
  return {
    selector: spec.selector?.matchLabels ?? {},
    targetPort: spec.targetPorts?.[0]?.number,
    picker: spec.endpointPickerRef?.name,
    failOpen: spec.endpointPickerRef?.failureMode === 'FailOpen',
  };
}

/** The one pool group that the installed Istio knows: x-k8s.io up to 1.27, the promoted group from 1.28. */
export function poolGroupOfIstio(store: Store): PoolGroup {
  const istiod = store.get(DEPLOYMENTS, 'istio-system', 'istiod');
  const image = (istiod?.spec?.template?.spec?.containers?.[0]?.image ?? '') as string;
  const version = /:v?1\.(\d+)/.exec(image);
  return POOL_GROUPS[version && Number(version[1]) >= 28 ? 1 : 0];
}
