import type { KubeObject } from '../../../protocol.ts';

const OWN = "<the service's own>";

interface Container {
  name: string;
  image: string;
  command?: string[];
  args?: string[];
  ports?: unknown[];
  env?: { name: string }[];
  volumeMounts?: { name: string; mountPath: string }[];
  [key: string]: unknown;
}

/** The containers that the service says itself, by part and name; template expressions are expanded by KServe. */
export function ownContainers(service: KubeObject): Container[] {
  const { template, router } = service.spec;
  return [...(template?.containers ?? []), ...(router?.scheduler?.template?.containers ?? [])];
}

/** The Deployment's fields that a kubelet, the picker and the gate act on; what the service says itself is not repeated. */
export function containersOf(deployment: KubeObject, own: Container[]): unknown {
  const { replicas, selector, strategy, template } = deployment.spec;
  const { containers, initContainers = [], volumes = [], serviceAccountName } = template.spec;
  return {
    replicas,
    selector,
    strategy,
    template: {
      labels: template.metadata.labels,
      annotations: Object.fromEntries(
        Object.entries((template.metadata.annotations ?? {}) as Record<string, string>).map(([name, value]) => [
          name,
          /^[0-9a-f]{32,}$/.test(value) ? '<hash>' : value,
        ]),
      ),
      serviceAccountName: serviceAccountName ?? 'default',
      initContainers: (initContainers as Container[]).map(({ name, image, args }) => ({ name, image, args })),
      containers: (containers as Container[]).map((container) => containerOf(container, own)),
      volumes: (volumes as Record<string, unknown>[]).map((volume) =>
        volume.secret ? { name: volume.name, secret: (volume.secret as { secretName: string }).secretName } : volume,
      ),
    },
  };
}

function containerOf(container: Container, own: Container[]): unknown {
  const { name, image, command, args, ports, env = [], volumeMounts = [] } = container;
  const said = (field: 'command' | 'args' | 'image') =>
    own.some((one) => one[field] !== undefined && sameWords(one[field], container[field]));
  return {
    name,
    image: said('image') ? OWN : image,
    command: said('command') ? OWN : (command ?? null),
    args: said('args') ? OWN : (args ?? null),
    ports,
    env: env.map((one) => one.name).sort(),
    mounts: volumeMounts.map((mount) => `${mount.name} ${mount.mountPath}`).sort(),
    probes: ['startupProbe', 'readinessProbe', 'livenessProbe'].flatMap((probe) =>
      container[probe] ? { [probe]: container[probe] } : [],
    ),
  };
}

/** Equal but for template expressions, and for the form in which YAML within a word is written. */
function sameWords(own: unknown, written: unknown): boolean {
  const words = (value: unknown) => (Array.isArray(value) ? value.map(String) : [String(value)]);
  const [a, b] = [words(own), words(written)];
  const plain = (text: string) => text.replaceAll(/\s+/g, ' ').trim();
  return (
    a.length === b.length && a.every((word, index) => word.includes('{{') || plain(word) === plain(b[index] as string))
  );
}

/** The fields of another kind; addresses and secret values are replaced or left out. */
export function specOf(object: KubeObject): unknown {
  const { kind } = object;
  if (kind === 'Service') {
    const { type, clusterIP, selector, ports } = object.spec;
    return { type, clusterIP: clusterIP === 'None' ? 'None' : '<ip>', selector, ports };
  }
  if (kind === 'Secret') return { type: object.type, keys: Object.keys(object.data ?? {}).sort() };
  if (kind === 'ServiceAccount') return null;
  if (kind === 'Role') return { rules: object.rules };
  if (kind.endsWith('Binding')) return { subjects: object.subjects, roleRef: object.roleRef };
  return object.spec;
}
