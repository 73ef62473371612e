import type { Manifest } from '../clients/files/manifests.ts';
import type { KubeObject } from '../clients/kubernetes/objects.ts';
import { isMap } from '../lib/decode.ts';
import { isService } from './service.ts';

type Path = readonly (string | number)[];
type Fields = Readonly<Record<string, unknown>>;

/** A container of pods that the manifests will lead to. Its fields are those of a pull request: each may be of any type. */
export interface PlannedContainer {
  name: string;
  fields: Fields;
  /** Where it is in the object, for a line; of one that only KServe knows, where its pod is. */
  path: Path;
  /** `init` ends before the others begin; `sidecar` is an init container that stays. */
  role: 'main' | 'init' | 'sidecar';
  /** KServe lays it over a preset of its own, or adds it: what the manifest leaves out may be there nevertheless. */
  isOpen: { resources: boolean; security: boolean };
}

/** Pods that are all alike. */
export interface PlannedPods {
  /** `the replicas of qwen`, for a sentence. */
  what: string;
  count: number;
  spec: Fields;
  annotations: Fields;
  containers: PlannedContainer[];
  manifest: Manifest;
  /** Where their spec is in the object. */
  path: Path;
  /** Whether a preset may add fields to the pod itself. */
  isOpen: boolean;
}

/** The object of a value; empty for a value of any other type. */
export function fieldsIn(value: unknown, ...path: string[]): Fields {
  const at = path.reduce<unknown>((inner, name) => (isMap(inner) ? inner[name] : undefined), value);
  return isMap(at) ? at : {};
}

/** The items of a value that are objects; empty for what is not a list. */
export function itemsIn(value: unknown): Fields[] {
  return Array.isArray(value) ? value.filter(isMap) : [];
}

/**
 * The pods that the manifests will lead to: replicas and endpoint picker of the service, and those of workloads that come
 * beside it. `service` is the one service as its base configs complete it; `unread` are bases that are not known.
 */
export function plannedPods(
  manifests: readonly Manifest[],
  service: Manifest,
  unread: readonly string[] = [],
): PlannedPods[] {
  const others = manifests.filter(({ object }) => !isService(object)).flatMap((manifest) => podsOfWorkload(manifest));
  return [...podsOfService(service, unread.length > 0), ...others];
}

/** Whether the controller adds a container that downloads the model, or holds it (kserve pkg/utils/storage.go). */
const ADDED: readonly (readonly [scheme: RegExp, container: string])[] = [
  [/^(?:hf|s3|gs|https?):\/\//, 'storage-initializer'],
  [/^oci:\/\//, 'modelcar'],
];

function podsOfService(manifest: Manifest, isOpen: boolean): PlannedPods[] {
  const { spec, metadata } = manifest.object;
  const { template, replicas } = fieldsIn(spec);
  const scheduler = fieldsIn(spec, 'router', 'scheduler');
  const uri = String(fieldsIn(spec, 'model').uri ?? '');
  const added = ADDED.flatMap(([scheme, name]) => (scheme.test(uri) ? [name] : []));
  const replica = podsAt(manifest, ['spec', 'template'], {
    what: `the replicas of ${metadata.name}`,
    count: countOf(replicas),
    spec: fieldsIn(template),
    annotations: fieldsIn(spec, 'annotations'),
    added,
    // No preset of KServe from v0.15 to v0.20 sets resources of the model server (config-llm-template.yaml).
    preset: { resources: isOpen, security: true },
    isOpen: true,
  });
  if (!hasOwnPicker(spec)) return [replica];
  const picker = podsAt(manifest, ['spec', 'router', 'scheduler', 'template'], {
    what: `the endpoint picker of ${metadata.name}`,
    count: countOf(scheduler.replicas),
    spec: fieldsIn(scheduler, 'template'),
    annotations: fieldsIn(scheduler, 'annotations'),
    added: [],
    preset: { resources: true, security: true },
    isOpen: true,
  });
  return [replica, picker];
}

const WORKLOADS: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet', 'ReplicaSet', 'Job']);
const CLOSED = { resources: false, security: false };

function podsOfWorkload(manifest: Manifest): PlannedPods[] {
  const { object } = manifest;
  const { kind, metadata, spec } = object;
  const isPod = kind === 'Pod' && object.apiVersion === 'v1';
  if (!isPod && !WORKLOADS.has(kind)) return [];
  const path = isPod ? ['spec'] : ['spec', 'template', 'spec'];
  return [
    podsAt(manifest, path, {
      what: `the pods of ${kind} ${metadata.name}`,
      count: isPod ? 1 : countOf(fieldsIn(spec)[kind === 'Job' ? 'parallelism' : 'replicas']),
      spec: isPod ? fieldsIn(spec) : fieldsIn(spec, 'template', 'spec'),
      annotations: isPod ? fieldsIn(metadata, 'annotations') : fieldsIn(spec, 'template', 'metadata', 'annotations'),
      added: [],
      preset: CLOSED,
      isOpen: false,
    }),
  ];
}

interface Shape extends Pick<PlannedPods, 'what' | 'count' | 'spec' | 'annotations' | 'isOpen'> {
  /** Containers that the controller adds. */
  added: readonly string[];
  /** What is open of a container that a preset has as well. */
  preset: PlannedContainer['isOpen'];
}

function podsAt(manifest: Manifest, path: Path, { added, preset, ...pods }: Shape): PlannedPods {
  const { spec, isOpen } = pods;
  const containers = containersIn(spec, path).map((one) => {
    if (!isOpen) return one;
    return { ...one, isOpen: one.name === 'main' ? preset : added.includes(one.name) ? OPEN : CLOSED };
  });
  const missing = [...(isOpen ? ['main'] : []), ...added].filter((one) => !containers.some(({ name }) => name === one));
  const unseen = missing.map((name): PlannedContainer => {
    const role = name === 'storage-initializer' ? 'init' : 'main';
    return { name, fields: {}, path, role, isOpen: OPEN };
  });
  return { ...pods, containers: [...containers, ...unseen], manifest, path };
}

const OPEN = { resources: true, security: true };

/** The containers of a pod's spec, init containers first, as they are. */
export function containersIn(spec: unknown, path: Path): PlannedContainer[] {
  const listed = (field: 'containers' | 'initContainers') =>
    itemsIn(fieldsIn(spec)[field]).map(
      (fields, index): PlannedContainer => ({
        name: String(fields.name ?? ''),
        fields,
        path: [...path, field, index],
        role: field === 'containers' ? 'main' : fields.restartPolicy === 'Always' ? 'sidecar' : 'init',
        isOpen: CLOSED,
      }),
    );
  return [...listed('initContainers'), ...listed('containers')];
}

function countOf(given: unknown): number {
  const count = Number(given ?? 1);
  return Number.isSafeInteger(count) && count >= 0 ? count : 1;
}

/** At least how many objects of which kind KServe makes for a service beside its pods, as object counts name the kinds. */
export function childrenOf({ spec }: KubeObject): Readonly<Record<string, number>> {
  const each = hasOwnPicker(spec) ? 2 : 1;
  return { services: each, 'count/services': each, 'count/deployments.apps': each, 'count/replicasets.apps': each };
}

function hasOwnPicker(spec: unknown): boolean {
  const { scheduler } = fieldsIn(spec, 'router');
  return isMap(scheduler) && !fieldsIn(scheduler, 'pool', 'ref').name;
}
