/** Where each part has its program, below the folder that `scripts/stack-assets` prints. */
export const PROGRAMS = {
  'kube-apiserver': 'kube/binaries/kube-apiserver',
  etcd: 'kube/binaries/etcd',
  'endpoint picker': 'epp/epp',
  'KServe controller': 'kserve/llmisvc',
  istiod: 'istio/pilot-discovery',
  Envoy: 'envoy/envoy',
} as const;
