import type { LLMInferenceService } from '../clients/kubernetes/kinds.ts';
import type { KubeObject } from '../clients/kubernetes/objects.ts';
import { isMap } from '../lib/decode.ts';

/** A service as KServe will complete it, as far as the manifests show. */
export interface Completed {
  object: LLMInferenceService;
  /** Base configs (`spec.baseRefs`) that the manifests do not hold: what they add is not known. */
  unread: string[];
}

const KIND = 'LLMInferenceServiceConfig';

/** Merge keys of the lists in a PodSpec (the patchMergeKey tags of Kubernetes' API); any other list is replaced. */
const MERGE_KEYS: Readonly<Record<string, string>> = {
  containers: 'name',
  initContainers: 'name',
  volumes: 'name',
  env: 'name',
  volumeMounts: 'mountPath',
  ports: 'containerPort',
  imagePullSecrets: 'name',
  topologySpreadConstraints: 'topologyKey',
};

/**
 * Lays a service over the LLMInferenceServiceConfigs of the manifests in KServe's order: presets that the namespace has of
 * its own, base configs in the order of `baseRefs`, the service. (pkg/controller/v1alpha2/llmisvc/config_merge.go,
 * `combineBaseRefsConfig`: a strategic merge, in which an absent field changes nothing.)
 */
export function completeService(service: LLMInferenceService, objects: readonly KubeObject[]): Completed {
  const configs = objects.filter(
    ({ kind, metadata }) => kind === KIND && (metadata.namespace ?? '') === (service.metadata.namespace ?? ''),
  );
  const specOf = (name: string) => configs.find(({ metadata }) => metadata.name === name)?.spec;
  const names = (service.spec?.baseRefs ?? []).map(({ name = '' }) => name);
  const bases = names.flatMap((name) => specOf(name) ?? []);
  const own = layered([...bases, service.spec ?? {}]);
  const presets = presetsFor(own).flatMap((name) => specOf(name) ?? []);
  const spec = layered([...presets, own]);
  return { object: { ...service, spec }, unread: names.filter((name) => specOf(name) === undefined) };
}

type Spec = NonNullable<LLMInferenceService['spec']>;

/** The presets that KServe lays under a service whose pods are all alike. */
function presetsFor({ router }: Spec): string[] {
  return [
    'kserve-config-llm-template',
    ...(router?.scheduler && !router.scheduler.pool?.ref?.name ? ['kserve-config-llm-scheduler'] : []),
    ...(router?.route && !router.route.http?.refs?.length ? ['kserve-config-llm-router-route'] : []),
  ];
}

function layered(specs: readonly unknown[]): Spec {
  return specs.reduce((below, spec) => merged(below, spec), {}) as Spec;
}

function merged(base: unknown, over: unknown, field = ''): unknown {
  if (over === null || over === undefined) return base;
  if (Array.isArray(over)) return Array.isArray(base) ? mergedList(base, over, field) : over;
  if (!isMap(over) || !isMap(base)) return over;
  const result = { ...base };
  for (const [key, value] of Object.entries(over)) result[key] = merged(base[key], value, key);
  return result;
}

function mergedList(base: readonly unknown[], over: readonly unknown[], field: string): unknown[] {
  const key = MERGE_KEYS[field];
  if (key === undefined) return [...over];
  const idOf = (item: unknown) => (isMap(item) ? item[key] : undefined);
  const items = [...base];
  for (const item of over) {
    const at = items.findIndex((one) => idOf(one) !== undefined && idOf(one) === idOf(item));
    if (at < 0) items.push(item);
    else items[at] = merged(items[at], item);
  }
  return items;
}
