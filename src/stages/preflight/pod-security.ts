import type { PlannedPods } from '../../stack/planned-pods.ts';
import { findingsFailure, type PlacedFinding } from './findings.ts';
import { notReadable } from './namespace-rules.ts';
import { BASELINE_RULES } from './pod-security-baseline.ts';
import { RESTRICTED_RULES } from './pod-security-restricted.ts';
import type { SecurityRule } from './pod-security-rule.ts';
import type { Look } from './table.ts';

const ENFORCE = 'pod-security.kubernetes.io/enforce';

/** A standard that a namespace enforces. */
interface Standard {
  level: 'baseline' | 'restricted';
  /** `latest`, or `v1.33`. */
  version: string;
  /** The minor version of Kubernetes 1 whose policy holds. */
  minor: number;
}

/**
 * Holds the pods against the Pod Security standard that the labels of their namespace enforce. `kubernetes` is the version of
 * the control plane, which `latest` is: null for the newest. A field that a preset of KServe may set is not known.
 */
export function checkPodSecurity(
  namespace: string,
  labels: Readonly<Record<string, string>> | null,
  pods: readonly PlannedPods[],
  kubernetes: string | null,
): Look {
  if (labels === null) return notReadable(namespace, 'labels', 'get', 'namespaces');
  const standard = standardOf(labels, kubernetes);
  if (standard === null) return { seen: `${namespace} enforces no Pod Security standard by its labels` };
  const name = `Pod Security ${standard.level}:${standard.version}`;
  const findings: PlacedFinding[] = [];
  const unknown = new Set<string>();
  for (const rule of rulesOf(standard)) {
    for (const each of pods) {
      for (const { path, says, fix, lacks } of rule.judge(each, standard.minor)) {
        const isLetOff = rule.relaxed === true && each.spec.hostUsers === false;
        if (isLetOff) unknown.add('whether the cluster lets pods with hostUsers: false off');
        else if (lacks?.isOpen.security) unknown.add(`what KServe sets for ${lacks.name} of ${each.what}`);
        else findings.push({ manifest: each.manifest, path, fix, says: `${says} (${name} of ${namespace})` });
      }
    }
  }
  if (findings.length > 0) throw findingsFailure('pod-security', findings);
  if (unknown.size === 0) return { seen: `the pods keep to ${name}` };
  return {
    outcome: 'not-checked',
    seen: `what the manifests set keeps to ${name}; not known is ${[...unknown].join(', ')}`,
  };
}

/** As admission reads the labels (api/helpers.go, `PolicyToEvaluate`): a level that it does not know is restricted. */
function standardOf(labels: Readonly<Record<string, string>>, kubernetes: string | null): Standard | null {
  const level = labels[ENFORCE];
  if (level === undefined || level === 'privileged') return null;
  const newest = Number(/^v?1\.(\d+)/.exec(kubernetes ?? '')?.[1] ?? Number.POSITIVE_INFINITY);
  const [version, minor] = /^v1\.(\d+)$/.exec(labels[`${ENFORCE}-version`] ?? '') ?? ['latest', undefined];
  return {
    level: level === 'baseline' ? 'baseline' : 'restricted',
    version,
    minor: minor === undefined ? newest : Math.min(Number(minor), newest),
  };
}

function rulesOf({ level, minor }: Standard): SecurityRule[] {
  const isThere = ({ since }: SecurityRule) => since <= minor;
  if (level === 'baseline') return BASELINE_RULES.filter(isThere);
  const kept = BASELINE_RULES.filter(({ replacedIn }) => replacedIn === undefined || replacedIn > minor);
  return [...kept, ...RESTRICTED_RULES].filter(isThere);
}
