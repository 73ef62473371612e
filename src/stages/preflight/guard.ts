import type { Manifest } from '../../clients/files/manifests.ts';
import { describe, groupOf, refOf } from '../../clients/kubernetes/objects.ts';
import { exported } from '../../clients/kubernetes/refusals.ts';
import { Failure } from '../../lib/failure.ts';
import { type GuardContext, type GuardPolicy, guardContext, shown } from './guard-context.ts';
import { groupsOf, rootLine } from './guard-fields.ts';
import { templateFindings } from './guard-templates.ts';
import { type Refuse, walkFields } from './guard-walk.ts';

export interface Refusal {
  rule: string;
  file: string;
  /** Null when a tool rendered the manifest. */
  line: number | null;
  message: string;
  /** Whether only a cluster writes the field. */
  isExported: boolean;
}

/** Never, whatever is widened: what would give the pull request more than the gate itself has. */
const FORBIDDEN_GROUPS: ReadonlySet<string> = new Set([
  'rbac.authorization.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'apiregistration.k8s.io',
  'certificates.k8s.io',
]);
/** Kinds without a namespace among those that an API server brings; the groups above are refused already. */
const CLUSTER_SCOPED: ReadonlySet<string> = new Set([
  'Namespace',
  'Node',
  'PersistentVolume',
  'StorageClass',
  'PriorityClass',
  'RuntimeClass',
  'CSIDriver',
  'IngressClass',
  'GatewayClass',
]);

const WIDENING =
  'Correct them, or let a maintainer widen "allowed-kinds", "allowed-namespaces", "allowed-registries", "allowed-references" or "allowed-fields"; what the rules host and privileged refuse cannot be widened.';

/**
 * Everything in the manifests that the policy does not allow, in file order: a pull request must not use the gate's
 * credentials for anything but its serving stack. Fields are allowed one by one, from a reviewed table
 * (`guard-fields.ts`); a kind that the table lacks has none but its metadata. What ships with the gate is not judged. Pure.
 */
export function guard(manifests: readonly Manifest[], policy: GuardPolicy): Refusal[] {
  const context = guardContext(manifests, policy);
  return manifests.flatMap((manifest) => {
    if (manifest.shipped) return [];
    const refusals: Refusal[] = [];
    const refuse: Refuse = ({ rule, message, isExported = false }, path) => {
      const line = manifest.lineOf?.(path) ?? manifest.line;
      refusals.push({ rule, file: manifest.file, line, message, isExported });
    };
    const namespace = manifest.object.metadata.namespace ?? policy.namespaces[0] ?? '';
    checkManifest(manifest, { ...context, namespace }, refuse);
    return refusals;
  });
}

function checkManifest(manifest: Manifest, context: GuardContext, refuse: Refuse): void {
  const { object } = manifest;
  if (!checkKind(manifest, context.policy, refuse)) return;
  checkNamespace(manifest, context.policy, refuse);
  const group = groupOf(object.apiVersion);
  walkFields(object, rootLine(object.kind, group), context, refuse);
  if (group !== 'serving.kserve.io') return;
  for (const { finding, path } of templateFindings(object)) refuse(finding, path);
}

/** Whether the kind is allowed, so that its fields are worth a look. */
function checkKind({ object }: Manifest, { kinds }: GuardPolicy, refuse: Refuse): boolean {
  const { apiVersion, kind } = object;
  const group = groupOf(apiVersion);
  const name = shown(describe(refOf(object)));
  const refused = (message: string): false => {
    refuse({ rule: 'kind', message: `${name} ${message}` }, ['kind']);
    return false;
  };
  if (FORBIDDEN_GROUPS.has(group)) return refused(`is of ${group}, which is never applied`);
  if (CLUSTER_SCOPED.has(kind)) return refused('belongs to no namespace, which is never applied');
  if (!/^(?:[a-z0-9][a-z0-9.-]*\/)?v\d+(?:(?:alpha|beta)\d+)?$/.test(apiVersion)) {
    return refused(`has the version ${shown(apiVersion)}, which Kubernetes does not have`);
  }
  const allowed = kinds.some(
    (each) => each === `${kind}.${group}` || (each === kind && groupsOf(kind).includes(group)),
  );
  if (allowed) return true;
  const known = groupsOf(kind);
  const other =
    kinds.includes(kind) &&
    `is of ${group || 'the core group'}, and ${kind} alone stands for ${known.join(', ') || 'no kind that was reviewed'}`;
  return refused(
    `${other || `is not one of the allowed kinds (${kinds.join(', ')})`}; "allowed-kinds" may add ${kind}.${group}`,
  );
}

function checkNamespace({ object }: Manifest, { namespaces }: GuardPolicy, refuse: Refuse): void {
  const { namespace } = object.metadata;
  if (namespaces.includes(namespace ?? '')) return;
  const where = namespace ? `in namespace ${shown(namespace)}` : 'in no namespace';
  const message = `${object.kind} ${shown(object.metadata.name)} is ${where}, not in ${namespaces.join(', ')}`;
  refuse({ rule: 'namespace', message }, ['metadata', 'namespace']);
}

/**
 * All refusals in one Failure with file, line and rule of each: `manifest-exported` if they are all of fields that only a
 * cluster writes, otherwise `manifest-guard`.
 */
export function guardFailure(refusals: readonly Refusal[]): Failure {
  const [first] = refusals;
  const isExported = refusals.every((each) => each.isExported);
  const lines = refusals.map(
    ({ rule, file, line, message }) => `${shown(file)}${line === null ? '' : `:${line}`}: ${message} (rule ${rule})`,
  );
  return new Failure({
    stage: 'preflight',
    code: isExported ? 'manifest-exported' : 'manifest-guard',
    message: `The manifests are refused: ${lines.join('; ')}.`,
    hint: isExported ? exported() : WIDENING,
    evidence: {
      file: first?.file ?? null,
      line: first?.line ?? null,
      rules: [...new Set(refusals.map(({ rule }) => rule))],
      locations: refusals.flatMap(({ file, line, message }) => (line === null ? [] : [{ file, line, message }])),
    },
  });
}
