import { createHash } from 'node:crypto';
import type { LLMInferenceService } from '../clients/kubernetes/kinds.ts';

const LONGEST = 63;
const HEAD = 31;

/** The name of what a controller makes of an object, as knative.dev/pkg/kmeta's ChildName has it: a long one is hashed. */
export function childName(parent: string, suffix: string): string {
  if (parent.length + suffix.length <= LONGEST) return parent + suffix;
  return parent.slice(0, HEAD - suffix.length) + createHash('md5').update(parent).digest('hex') + suffix;
}

/** The Services and the route that serve an LLMInferenceService; null for a picker that KServe does not make. */
export interface ServingNames {
  /** Service of the endpoint picker. */
  picker: string | null;
  /** Service that Istio derives from the InferencePool; null without an endpoint picker. */
  pool: string | null;
  /** Service of all replicas. */
  workload: string;
  route: string;
}

/** As KServe names them from v0.15 to v0.20 (pkg/controller/…/llmisvc: scheduler.go, router.go, workload.go). */
export function servingNames({ metadata: { name }, spec }: LLMInferenceService): ServingNames {
  const scheduler = spec?.router?.scheduler;
  const { ref, spec: pool } = scheduler?.pool ?? {};
  const picker = pool?.endpointPickerRef?.name ?? pool?.extensionRef?.name ?? childName(name, '-epp-service');
  return {
    picker: scheduler && !ref?.name ? picker : null,
    pool: scheduler ? shadowService(ref?.name ?? childName(name, '-inference-pool')) : null,
    workload: childName(name, '-kserve-workload-svc'),
    route: childName(name, '-kserve-route'),
  };
}

/** istio/istio pilot/pkg/config/kube/gateway/inferencepool_collection.go, `InferencePoolServiceName`. */
export function shadowService(pool: string): string {
  const end = `-ip-${createHash('sha256').update(pool).digest('hex').slice(0, 8)}`;
  return pool.slice(0, LONGEST - end.length) + end;
}
