import type { NodePoolInfo } from '../clients/google/node-pool.ts';
import type { PodSpec } from '../clients/kubernetes/kinds.ts';
import { isTpuName, TPU_RESOURCE } from './machines.ts';
import { type LabelReader, labelsOf } from './node-labels.ts';

/** What a pod's placement rules say of the nodes of a pool. */
export interface Placement {
  /** Rules that no node of the pool meets, each with the field that holds it. */
  misfits: { field: 'nodeSelector' | 'affinity' | 'tolerations'; says: string; taint?: string }[];
  /** Rules that the gate cannot judge before there are nodes. */
  unknown: string[];
}

/** True, false, or null where it is not known. */
type Judged = boolean | null;

interface Requirement {
  key: string;
  operator: string;
  values?: string[];
}

/**
 * Evaluates nodeSelector, required node affinity and tolerations of a pod against a pool, as the scheduler does
 * (k8s.io/component-helpers scheduling/corev1/nodeaffinity; core/v1 `ToleratesTaint`). Spends nothing.
 */
export function placementOn(pool: NodePoolInfo, pod: PodSpec | undefined): Placement {
  const labels = labelsOf(pool);
  const result: Placement = { misfits: [], unknown: [] };
  judgeSelector(pod?.nodeSelector ?? {}, labels, result);
  const required = pod?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  if (required) {
    const terms = (required.nodeSelectorTerms ?? []).map((term) => termFits(term, labels));
    const shown = (required.nodeSelectorTerms ?? []).map(termText).join(' or ') || 'no term';
    if (terms.every((fits) => fits === false)) {
      result.misfits.push({ field: 'affinity', says: `required node affinity fits none of its nodes (${shown})` });
    } else if (!terms.includes(true)) result.unknown.push(`required node affinity (${shown})`);
  }
  judgeTaints(pool, pod, result);
  if ((pod?.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).length > 0) {
    result.unknown.push('required pod affinity');
  }
  if (pod?.nodeName) result.unknown.push(`nodeName ${pod.nodeName}`);
  if (pod?.schedulerName && pod.schedulerName !== 'default-scheduler') {
    result.unknown.push(`schedulerName ${pod.schedulerName}`);
  }
  return result;
}

function judgeSelector(selector: Readonly<Record<string, string>>, labels: LabelReader, result: Placement): void {
  for (const [label, wanted] of Object.entries(selector)) {
    const given = labels(label);
    if (given === undefined) result.unknown.push(`nodeSelector ${label}`);
    else if (given !== wanted) {
      const has = given === null ? 'nodes of the pool lack it' : `the pool's is ${given}`;
      result.misfits.push({ field: 'nodeSelector', says: `${label} is ${wanted}, ${has}` });
    }
  }
}

/** Expressions of a term are all to be met; a term without any is met by no node. */
function termFits(
  { matchExpressions = [], matchFields = [] }: { matchExpressions?: Requirement[]; matchFields?: Requirement[] },
  labels: LabelReader,
): Judged {
  if (matchExpressions.length + matchFields.length === 0) return false;
  // The one field is metadata.name, and the nodes have no names yet.
  const judged = [...matchExpressions.map((one) => requirementFits(one, labels)), ...matchFields.map(() => null)];
  if (judged.includes(false)) return false;
  return judged.includes(null) ? null : true;
}

function requirementFits({ key, operator, values = [] }: Requirement, labels: LabelReader): Judged {
  const given = labels(key);
  if (given === undefined) return null;
  switch (operator) {
    case 'In':
      return given !== null && values.includes(given);
    case 'NotIn':
      return given === null || !values.includes(given);
    case 'Exists':
      return given !== null;
    case 'DoesNotExist':
      return given === null;
    case 'Gt':
    case 'Lt':
      return given !== null && compares(operator, given, values[0] ?? '');
    default:
      return null;
  }
}

function compares(operator: 'Gt' | 'Lt', given: string, limit: string): boolean {
  if (!/^-?\d+$/.test(given) || !/^-?\d+$/.test(limit)) return false;
  return operator === 'Gt' ? Number(given) > Number(limit) : Number(given) < Number(limit);
}

function termText({ matchExpressions = [], matchFields = [] }: Parameters<typeof termFits>[0]): string {
  const texts = [...matchExpressions, ...matchFields].map(({ key, operator, values = [] }) =>
    [key, operator, ...(values.length > 0 ? [values.join(', ')] : [])].join(' '),
  );
  return texts.join(' and ') || 'an empty term';
}

/**
 * The pool's own taints, and the one that GKE gives TPU nodes whatever the pool says. GKE's admission adds its toleration to
 * pods with chips (ExtendedResourceToleration), which cannot be seen from here: no toleration at all is left open. One that
 * names the taint and does not fit it is a mistake. GKE spells effects in its own way.
 */
function judgeTaints(pool: NodePoolInfo, pod: PodSpec | undefined, result: Placement): void {
  const others = pool.taints.filter(({ key }) => key !== TPU_RESOURCE);
  const given = pool.taints.filter(({ key }) => key === TPU_RESOURCE);
  const ofTpu = given.length > 0 ? given : isTpuName(pool.machineType) ? [TPU_TAINT] : [];
  for (const { key, value, effect } of [...others, ...ofTpu]) {
    const kind = effectOf(effect);
    if (kind === 'PreferNoSchedule' || isTolerated({ key, value, effect: kind }, pod)) continue;
    const shown = `${key}${value ? `=${value}` : ''}${kind ? `:${kind}` : ''}`;
    const named = (pod?.tolerations ?? []).filter((one) => one.key === TPU_RESOURCE);
    if (key === TPU_RESOURCE && kind === 'NoSchedule' && chipsAsked(pod) !== 0 && named.length === 0) {
      result.unknown.push(`the taint ${shown}, unless GKE adds the toleration`);
    } else {
      const given = key === TPU_RESOURCE ? named.map(tolerationText).join(' and ') : '';
      const says = `they do not tolerate its taint ${shown}${given ? `, but ${given}` : ''}`;
      result.misfits.push({ field: 'tolerations', says, taint: key });
    }
  }
}

/** `google.com/tpu=absent:NoSchedule`. */
function tolerationText({ key, operator, value, effect }: NonNullable<PodSpec['tolerations']>[number]): string {
  const shown = operator === 'Exists' ? `${key}` : `${key}=${value ?? ''}`;
  return effect ? `${shown}:${effect}` : shown;
}

const TPU_TAINT = { key: TPU_RESOURCE, value: 'present', effect: 'NO_SCHEDULE' };

function isTolerated(taint: { key: string; value: string; effect: string }, pod: PodSpec | undefined): boolean {
  return (pod?.tolerations ?? []).some(
    (one) =>
      (one.effect === undefined || one.effect === '' || one.effect === taint.effect) &&
      (one.operator === 'Exists'
        ? one.key === undefined || one.key === '' || one.key === taint.key
        : one.key === taint.key && (one.value ?? '') === taint.value),
  );
}

function effectOf(effect: string): string {
  const plain = effect.replaceAll('_', '').toLowerCase();
  return ['NoSchedule', 'PreferNoSchedule', 'NoExecute'].find((name) => name.toLowerCase() === plain) ?? '';
}

/** Chips that a pod asks for in all of its containers; null where an amount cannot be read. */
export function chipsAsked(pod: PodSpec | undefined): number | null {
  const sidecars = (pod?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  const amounts = [...(pod?.containers ?? []), ...sidecars].map(({ resources }) =>
    Number({ ...resources?.limits, ...resources?.requests }[TPU_RESOURCE] ?? 0),
  );
  return amounts.every(Number.isFinite) ? amounts.reduce((sum, amount) => sum + amount, 0) : null;
}

/** Devices other than TPU chips that a pod asks for, such as `nvidia.com/gpu`: nodes of a TPU pool have none of them. */
export function otherDevices(pod: PodSpec | undefined): string[] {
  const names = (pod?.containers ?? []).flatMap(({ resources }) =>
    Object.entries({ ...resources?.limits, ...resources?.requests }).flatMap(([name, amount]) =>
      DEVICE.test(name) && String(amount) !== '0' ? [name] : [],
    ),
  );
  return [...new Set(names)];
}

/** Resource names of device plugins; GKE's own domains are not among them. */
const DEVICE = /^(?:nvidia\.com|amd\.com|gpu\.intel\.com|habana\.ai|aws\.amazon\.com|rdma|openshift\.io|huawei\.com)\//;
