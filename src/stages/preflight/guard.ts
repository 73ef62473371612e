import type { Manifest } from '../../clients/files/manifests.ts';
import { describe, groupOf, refOf } from '../../clients/kubernetes/objects.ts';
import type { Inputs } from '../../inputs/inputs.ts';
import { Failure } from '../../lib/failure.ts';

type GuardPolicy = Inputs['guard'];

export interface Refusal {
  rule: string;
  file: string;
  /** Null when a tool rendered the manifest. */
  line: number | null;
  message: string;
}

type Path = readonly (string | number)[];

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
const HOST_NAMESPACES = ['hostNetwork', 'hostPID', 'hostIPC'] as const;
const DEEPEST = 64;

/**
 * Everything in the manifests that the policy does not allow, in file order: a pull request must not use the gate's
 * credentials for anything but its serving stack. Pod specifications are looked for at any
 * depth, for LLMInferenceService has four of them and other kinds have more. Pure.
 */
export function guard(manifests: readonly Manifest[], policy: GuardPolicy): Refusal[] {
  return manifests.flatMap((manifest) => {
    const refusals: Refusal[] = [];
    const refuse = (rule: string, path: Path, message: string) =>
      void refusals.push({ rule, file: manifest.file, line: manifest.lineOf?.(path) ?? manifest.line, message });
    checkObject(manifest, policy, refuse);
    walk(manifest.object, [], policy, refuse);
    return refusals;
  });
}

type Refuse = (rule: string, path: Path, message: string) => void;

function checkObject({ object }: Manifest, policy: GuardPolicy, refuse: Refuse): void {
  const { apiVersion, kind } = object;
  const group = groupOf(apiVersion);
  const name = describe(refOf(object));
  if (FORBIDDEN_GROUPS.has(group)) {
    refuse('kind', ['kind'], `${name} is of ${group}, which is never applied`);
    return;
  }
  if (CLUSTER_SCOPED.has(kind)) {
    refuse('kind', ['kind'], `${name} belongs to no namespace, which is never applied`);
    return;
  }
  if (!policy.kinds.some((allowed) => allowed === kind || allowed === `${kind}.${group}`)) {
    refuse('kind', ['kind'], `${name} is none of the allowed kinds (${policy.kinds.join(', ')})`);
  }
  const { namespace } = object.metadata;
  if (!policy.namespaces.includes(namespace ?? '')) {
    const where = namespace ? `in namespace ${namespace}` : 'in no namespace';
    refuse('namespace', ['metadata', 'namespace'], `${name} is ${where}, not in ${policy.namespaces.join(', ')}`);
  }
}

function walk(value: unknown, path: Path, policy: GuardPolicy, refuse: Refuse): void {
  if (value === null || typeof value !== 'object') return;
  if (path.length > DEEPEST) {
    refuse('depth', [], `the manifest is nested more than ${DEEPEST} levels deep`);
    return;
  }
  for (const [key, inner] of Object.entries(value)) {
    const at = [...path, Array.isArray(value) ? Number(key) : key];
    checkField(key, inner, at, policy, refuse);
    walk(inner, at, policy, refuse);
  }
}

function checkField(key: string, value: unknown, path: Path, policy: GuardPolicy, refuse: Refuse): void {
  const shown = path.join('.');
  if (HOST_NAMESPACES.some((name) => name === key) && value === true) {
    refuse('host', path, `${shown} puts the pod into a namespace of its node`);
  } else if (key === 'hostPath' && value !== null && typeof value === 'object') {
    refuse('host', path, `${shown} mounts a folder of the node`);
  } else if (key === 'hostPort' && typeof value === 'number' && value > 0) {
    refuse('host', path, `${shown} opens a port of the node`);
  } else if ((key === 'privileged' || key === 'allowPrivilegeEscalation') && value === true) {
    refuse('privileged', path, `${shown} is true`);
  } else if (key === 'add' && path.at(-2) === 'capabilities' && Array.isArray(value) && value.length > 0) {
    refuse('privileged', path, `${shown} adds ${value.join(', ')}`);
  } else if ((key === 'serviceAccountName' || key === 'serviceAccount') && typeof value === 'string') {
    if (value !== '' && value !== 'default') refuse('service-account', path, `${shown} is ${value}`);
  } else if (key === 'serviceAccountToken' && value !== null && typeof value === 'object') {
    refuse('service-account', path, `${shown} mounts a token of the service account`);
  } else {
    const image = imageAt(key, value, path);
    if (image !== null && !isAllowedImage(image, policy.registries)) {
      refuse(
        'image',
        path,
        `${shown} is ${image}, of none of the allowed registries (${policy.registries.join(', ')})`,
      );
    }
  }
}

/** The image that a field names, if it names one: of a container, of an image volume, of a sidecar, of the model. */
function imageAt(key: string, value: unknown, path: Path): string | null {
  if (typeof value !== 'string' || value === '') return null;
  if (key === 'image') return value;
  if (key === 'reference' && path.at(-2) === 'image') return value;
  if (key === 'sidecar.istio.io/proxyImage') return value;
  if (key === 'uri' && value.startsWith('oci://')) return value.slice('oci://'.length);
  return null;
}

/** `vllm/vllm-tpu:v1` is of docker.io, as every container runtime takes it. */
function isAllowedImage(image: string, registries: readonly string[]): boolean {
  const [first = '', ...rest] = image.split('/');
  const named = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const full = named ? image : `docker.io/${rest.length > 0 ? image : `library/${image}`}`;
  const repository = full.replace(/@.*$/, '').replace(/:[^/]*$/, '');
  return registries.some((allowed) => repository === allowed || repository.startsWith(`${allowed}/`));
}

/** All refusals in one Failure (`manifest-guard`), with file, line and rule of each. */
export function guardFailure(refusals: readonly Refusal[]): Failure {
  const [first] = refusals;
  const lines = refusals.map(
    ({ rule, file, line, message }) => `${file}${line === null ? '' : `:${line}`}: ${message} (rule ${rule})`,
  );
  return new Failure({
    stage: 'preflight',
    code: 'manifest-guard',
    message: `The manifests are refused: ${lines.join('; ')}.`,
    hint: 'Correct them, or let a maintainer widen "allowed-kinds", "allowed-namespaces" or "allowed-registries"; what the rules host, privileged and service-account refuse cannot be widened.',
    blame: 'change',
    evidence: {
      file: first?.file ?? null,
      line: first?.line ?? null,
      rules: [...new Set(refusals.map(({ rule }) => rule))],
      locations: refusals.flatMap(({ file, line, message }) => (line === null ? [] : [{ file, line, message }])),
    },
  });
}
