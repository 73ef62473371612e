import type { HistoryRecord } from '../record.ts';

/** What makes figures comparable, by its name on the page. */
export const ENVIRONMENT: readonly [keyof HistoryRecord['env'], string][] = [
  ['machine', 'machine type'],
  ['replicas', 'replicas'],
  ['model', 'model'],
  ['chips', 'chips per node'],
  ['workload', 'workload'],
  ['method', 'method'],
  ['vllm', 'vLLM image'],
  ['vllmDigest', 'digest of the vLLM image'],
  ['vllmVersion', 'vLLM version'],
  ['flags', 'vLLM flags'],
  ['picker', 'endpoint picker image'],
  ['pickerDigest', 'digest of the endpoint picker image'],
  ['scorers', 'scorers'],
  ['gke', 'Kubernetes'],
  ['istio', 'Istio'],
  ['kserve', 'KServe'],
  ['gate', 'gate'],
];
