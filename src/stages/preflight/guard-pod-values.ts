import { POOL_LABEL } from '../../tpu/node-labels.ts';
import { fieldsOf, notAllowed, oneOf, type ValueRule } from './guard-context.ts';

/** Labels of GKE's nodes that choose a kind of TPU node, and those that every node has. */
const NODE_LABELS: readonly string[] = [
  'cloud.google.com/gke-tpu-accelerator',
  'cloud.google.com/gke-tpu-topology',
  'cloud.google.com/gke-accelerator-count',
  'cloud.google.com/gke-spot',
  'cloud.google.com/gke-flex-start',
  'cloud.google.com/gke-queued',
  'cloud.google.com/gke-provisioning',
  'kubernetes.io/arch',
  'kubernetes.io/os',
];

/** Taints of GKE's TPU nodes, also of the kinds of capacity that a pool of them has. */
const TAINTS: readonly string[] = [
  'google.com/tpu',
  'cloud.google.com/gke-spot',
  'cloud.google.com/gke-flex-start',
  'cloud.google.com/gke-queued',
];
/** Kubernetes itself adds these to every pod. */
const OWN_TAINTS: readonly string[] = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];

/** Seconds. A pod that takes longer to end keeps its node, and with it the bill, beyond the release. */
const LONGEST_GRACE = 600;

const nodeSelector: ValueRule = (value, path, { policy }) =>
  Object.entries(fieldsOf(value)).flatMap(([key, label]) => {
    if (NODE_LABELS.includes(key)) return [];
    if (key === POOL_LABEL && policy.nodePool !== null && label === policy.nodePool) return [];
    return notAllowed(path, label, `only a selector of ${NODE_LABELS.join(', ')}`, [key]);
  });

const nodeLabel: ValueRule = (value, path) =>
  NODE_LABELS.includes(String(value)) ? [] : notAllowed(path, value, NODE_LABELS.join(', '));

const toleration: ValueRule = (value, path) => {
  const { key, effect } = fieldsOf(value);
  if (TAINTS.includes(String(key)) || (OWN_TAINTS.includes(String(key)) && effect === 'NoExecute')) return [];
  if (key === undefined) return notAllowed(path, 'without a key', `a toleration of ${TAINTS.join(', ')}`);
  return notAllowed(path, key, TAINTS.join(', '), ['key']);
};

const grace: ValueRule = (value, path) =>
  typeof value === 'number' && value <= LONGEST_GRACE
    ? []
    : notAllowed(path, value, `a number of seconds up to ${LONGEST_GRACE}`);

const exactly =
  (wanted: unknown): ValueRule =>
  (value, path) =>
    value === wanted ? [] : notAllowed(path, value, String(wanted));

export const POD_RULES = {
  nodeSelector,
  nodeLabel,
  toleration,
  grace,
  false: exactly(false),
  zero: exactly(0),
  dnsPolicy: oneOf(['ClusterFirst', 'Default']),
  scheduler: oneOf(['default-scheduler']),
  runtimeDefault: oneOf(['RuntimeDefault']),
  noPropagation: oneOf(['None']),
} satisfies Record<string, ValueRule>;
