import { type Finding, fieldsOf, notAllowed, type Path, pathText, shown, type ValueRule } from './guard-context.ts';

/** A part of a label's or an annotation's key, by Kubernetes' rule for qualified names. */
const KEY = /^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?$/;

/**
 * Annotations that no controller acts upon outside of the pod. Keys without a prefix are private to their user by
 * Kubernetes' convention, and allowed. `/` at the end stands for every key of a prefix.
 */
const ANNOTATIONS = [
  'app.kubernetes.io/',
  'checksum/',
  'kubernetes.io/change-cause',
  'kubernetes.io/description',
  'kubectl.kubernetes.io/default-container',
  'kubectl.kubernetes.io/restartedAt',
  'config.kubernetes.io/',
  'internal.config.kubernetes.io/',
  'cluster-autoscaler.kubernetes.io/safe-to-evict',
  'prometheus.io/',
  'serving.kserve.io/deploymentMode',
  'serving.kserve.io/disable-auto-update',
  'serving.kserve.io/disable-localmodel',
  'serving.kserve.io/enable-metric-aggregation',
  'serving.kserve.io/enable-prometheus-scraping',
  'serving.kserve.io/enable-served-by-header',
  'serving.kserve.io/exp-dra-container-name',
  'serving.kserve.io/exp-dra-device-class',
  'serving.kserve.io/exp-dra-device-count',
  'serving.kserve.io/gpu-resource-types',
  'serving.kserve.io/server-type',
  'serving.kserve.io/stop',
  'security.opendatahub.io/enable-auth',
  'openshift.io/description',
  'openshift.io/display-name',
  'llm-d.ai/',
  'leaderworkerset.sigs.k8s.io/exclusive-topology',
  'sidecar.istio.io/inject',
  'sidecar.istio.io/proxyCPU',
  'sidecar.istio.io/proxyCPULimit',
  'sidecar.istio.io/proxyImage',
  'sidecar.istio.io/proxyMemory',
  'sidecar.istio.io/proxyMemoryLimit',
  'sidecar.istio.io/rewriteAppHTTPProbers',
  'traffic.sidecar.istio.io/excludeInboundPorts',
  'traffic.sidecar.istio.io/excludeOutboundPorts',
];

/** Labels by which KServe, gateways and admission find what is theirs. */
const FOREIGN_LABELS =
  /^(?:serving\.kserve\.io|gateway\.networking\.k8s\.io|gateway\.istio\.io|pod-security\.kubernetes\.io)\//;

const annotationAllowed = (key: string) =>
  !key.includes('/') || ANNOTATIONS.some((each) => (each.endsWith('/') ? key.startsWith(each) : key === each));

const annotations: ValueRule = (value, path) =>
  Object.keys(fieldsOf(value)).flatMap((key) => {
    if (KEY.test(key) && annotationAllowed(key)) return [];
    return refusedKey(path, key, `allowed are keys without a prefix and ${ANNOTATIONS.join(', ')}`);
  });

const labels: ValueRule = (value, path) =>
  Object.keys(fieldsOf(value)).flatMap((key) =>
    KEY.test(key) && !FOREIGN_LABELS.test(key)
      ? []
      : refusedKey(path, key, 'allowed are labels by which nobody else finds their own pods'),
  );

function refusedKey(path: Path, key: string, allowed: string): Finding[] {
  return [{ rule: 'metadata', message: `${pathText([...path, key])} may not be set; ${allowed}`, at: [key] }];
}

/** A DNS subdomain: any other name would end up in the path of a request to the API server. */
const name: ValueRule = (value, path) =>
  /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/.test(String(value)) && !String(value).includes('..')
    ? []
    : notAllowed(path, value, 'lower-case letters, digits, hyphens and points');

const isEmpty = (value: unknown) =>
  value === null || (typeof value === 'object' && Object.keys(value).length === 0) || value === '';

const empty: ValueRule = (value, path) =>
  isEmpty(value) ? [] : [{ rule: 'field', message: `${pathText(path)} is ${shown(value)}; it must be empty` }];

export const METADATA_RULES = { annotations, labels, name, empty };
