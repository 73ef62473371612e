export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  /** ISO 8601. */
  creationTimestamp?: string;
  /** ISO 8601. */
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  managedFields?: unknown[];
  ownerReferences?: { apiVersion?: string; kind: string; name: string; uid: string; controller?: boolean }[];
}

/** An object of any kind, as JSON. Fields that this code does not know survive a round trip. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  /** The shape differs by kind and version: `kinds.ts` has those that are read. */
  [field: string]: unknown;
}

export interface ObjectRef<Kind extends string = string> {
  apiVersion: string;
  kind: Kind;
  name: string;
  namespace?: string | undefined;
}

/** An object that somebody made: its UID distinguishes it from a namesake that was made since. */
export interface OwnedRef extends ObjectRef {
  /** Null or absent while it is not known to have been made. */
  uid?: string | undefined;
}

export function refOf(object: KubeObject): ObjectRef {
  const { name, namespace } = object.metadata;
  return { apiVersion: object.apiVersion, kind: object.kind, name, namespace };
}

/** The API group of `apps/v1` is `apps`; that of the core, `v1`, is empty. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}

/** What two references to one object have in common; the versions of a group are one. `namespace` is that of those without. */
export function keyOf(ref: ObjectRef, namespace: string): string {
  return [groupOf(ref.apiVersion), ref.kind, ref.namespace ?? namespace, ref.name].join('/');
}

/** `NetworkPolicy allow-istio in ns`. */
export function describe(ref: ObjectRef): string {
  return `${ref.kind} ${ref.name}${ref.namespace ? ` in ${ref.namespace}` : ''}`;
}
