import { GATE, MANAGED_BY_LABEL } from '../../stack/labels.ts';
import { type Finding, type GuardPolicy, type Path, pathText, shown } from './guard-context.ts';

const HOST_NAMESPACES: ReadonlySet<unknown> = new Set(['hostNetwork', 'hostPID', 'hostIPC']);
const isObject = (value: unknown): value is object => value !== null && typeof value === 'object';

/**
 * What the input `allowed-fields` cannot allow, at any depth of any kind: what would give the pull request its node, an
 * account, or an image of somebody else. Null when the field is nothing of that.
 */
export function neverAllowed(key: string | number, value: unknown, path: Path, policy: GuardPolicy): Finding | null {
  return (
    ofTheHost(key, value, path) ??
    ofPrivileges(key, value, path) ??
    ofAccounts(key, value, path, policy) ??
    ofImages(key, value, path, policy)
  );
}

function ofTheHost(key: string | number, value: unknown, path: Path): Finding | null {
  const name = pathText(path);
  const host = (message: string): Finding => ({ rule: 'host', message: `${name} ${message}` });
  if (HOST_NAMESPACES.has(key) && value === true) return host('puts the pod into a namespace of its node');
  if (key === 'hostPath' && isObject(value)) return host('mounts a folder of the node');
  if (key === 'hostPort' && typeof value === 'number' && value > 0) return host('opens a port of the node');
  if (key === 'hostProcess' && value === true) return host('runs a process of the node');
  if (String(key).startsWith('sidecar.istio.io/userVolume') && typeof value === 'string' && /hostPath/i.test(value)) {
    return host('mounts a folder of the node');
  }
  return null;
}

function ofPrivileges(key: string | number, value: unknown, path: Path): Finding | null {
  const name = pathText(path);
  const privileged = (message: string): Finding => ({ rule: 'privileged', message: `${name} ${message}` });
  if ((key === 'privileged' || key === 'allowPrivilegeEscalation') && value === true) return privileged('is true');
  if (key === 'add' && path.at(-2) === 'capabilities' && Array.isArray(value) && value.length > 0) {
    return privileged(`adds ${shown(value.join(', '))}`);
  }
  if (key === 'procMount' && value !== null && value !== 'Default') return privileged(`is ${shown(value)}`);
  const profile = path.at(-2) === 'seccompProfile' || path.at(-2) === 'appArmorProfile';
  if (key === 'type' && profile && value === 'Unconfined') return privileged('is Unconfined');
  return null;
}

function ofAccounts(key: string | number, value: unknown, path: Path, policy: GuardPolicy): Finding | null {
  const name = pathText(path);
  if ((key === 'serviceAccountName' || key === 'serviceAccount') && typeof value === 'string') {
    if (value === '' || value === 'default' || policy.references.includes(`ServiceAccount/${value}`)) return null;
    return {
      rule: 'service-account',
      message: `${name} is ${shown(value)}; allowed is the default account of the namespace; "allowed-references" may add ${shown(`ServiceAccount/${value}`)}`,
    };
  }
  if (key === 'serviceAccountToken' && isObject(value)) {
    return { rule: 'service-account', message: `${name} mounts a token of the service account` };
  }
  if (isMark(key, value)) {
    return { rule: 'metadata', message: `${name} is a mark that only the gate itself sets` };
  }
  return null;
}

/** A label or annotation of the gate: it would make the gate take the object for one that it made. */
function isMark(key: string | number, value: unknown): boolean {
  return (key === MANAGED_BY_LABEL && value === GATE) || String(key).startsWith(`${GATE}/`);
}

function ofImages(key: string | number, value: unknown, path: Path, { registries }: GuardPolicy): Finding | null {
  const image = imageAt(key, value, path);
  if (image === null || isAllowedImage(image, registries)) return null;
  const message = `${pathText(path)} is ${shown(image)}, whose registry is not one of the allowed ones (${registries.join(', ')})`;
  return { rule: 'image', message };
}

/** The image that a field names, if it names one: of a container, of an image volume, of a sidecar, of the model. */
function imageAt(key: string | number, value: unknown, path: Path): string | null {
  if (typeof value !== 'string' || value === '') return null;
  if (key === 'image') return value;
  if (key === 'reference' && path.at(-2) === 'image') return value;
  if (key === 'sidecar.istio.io/proxyImage') return value;
  if (key === 'uri' && value.startsWith('oci://')) return value.slice('oci://'.length);
  return null;
}

/** A reference as the OCI distribution specification has it: name, then a tag, a digest or both. */
const REFERENCE = /^[a-z0-9.-]+(?::\d+)?(?:\/[a-z0-9._-]+)*(?::\w[\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/;

/** `vllm/vllm-tpu:v1` is of docker.io, as every container runtime takes it. */
export function isAllowedImage(image: string, registries: readonly string[]): boolean {
  if (!REFERENCE.test(image) || image.includes('..')) return false;
  const [first = '', ...rest] = image.split('/');
  const named = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const full = named ? image : `docker.io/${rest.length > 0 ? image : `library/${image}`}`;
  const repository = full.replace(/@.*$/, '').replace(/:[^/]*$/, '');
  return registries.some((allowed) => repository === allowed || repository.startsWith(`${allowed}/`));
}
