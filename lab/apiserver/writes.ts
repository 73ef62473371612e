import type { KubeObject } from '../protocol.ts';

/** One request to the API server; the path is relative to the object, or to its collection for a POST without one. */
export interface Write {
  method: 'POST' | 'PATCH' | 'DELETE';
  at: 'collection' | 'object';
  /** Subresource with its slash, or ''. */
  sub: '' | '/status' | '/binding';
  contentType: string;
  body: unknown;
}

const MERGE = 'application/merge-patch+json';
const JSON_TYPE = 'application/json';

/** Fields of metadata that are the server's to set. */
const SERVERS = [
  'uid',
  'resourceVersion',
  'creationTimestamp',
  'generation',
  'managedFields',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'selfLink',
];

/** What makes an object appear as it is; the status of most kinds is dropped from a POST, so it follows by itself. */
export function createWrites(object: KubeObject): Write[] {
  const { status, ...desired } = object;
  const body = { ...desired, metadata: ownMetadata(object) };
  const post: Write = { method: 'POST', at: 'collection', sub: '', contentType: JSON_TYPE, body };
  return status === undefined ? [post] : [post, statusWrite({ status })];
}

/**
 * What turns `before` into `after` and touches nothing else: a merge patch of what differs, so that a field that
 * somebody else wrote meanwhile stays. A node name is a binding, a mark of deletion a deletion.
 */
export function updateWrites(before: KubeObject, after: KubeObject): Write[] {
  const writes: Write[] = [];
  const node = after.kind === 'Pod' && !before.spec?.nodeName && after.spec?.nodeName;
  if (node) writes.push(binding(after.metadata.name, node));
  if (after.metadata.deletionTimestamp && !before.metadata.deletionTimestamp) {
    const grace = after.metadata.deletionGracePeriodSeconds;
    writes.push(deletion(typeof grace === 'number' ? grace : undefined));
  }
  const patch = mergePatch(desiredOf(before, node), desiredOf(after, node));
  if (patch !== undefined) writes.push({ method: 'PATCH', at: 'object', sub: '', contentType: MERGE, body: patch });
  const status = mergePatch({ status: before.status ?? {} }, { status: after.status ?? {} });
  if (status !== undefined) writes.push(statusWrite(status));
  return writes;
}

/** With a grace of 0 the object goes at once, as when a kubelet has ended its pod. */
export function deletion(graceSeconds: number | undefined): Write {
  const options = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background' };
  const body = graceSeconds === undefined ? options : { ...options, gracePeriodSeconds: graceSeconds };
  return { method: 'DELETE', at: 'object', sub: '', contentType: JSON_TYPE, body };
}

function statusWrite(body: unknown): Write {
  return { method: 'PATCH', at: 'object', sub: '/status', contentType: MERGE, body };
}

function binding(pod: string, node: string): Write {
  const body = {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name: pod },
    target: { apiVersion: 'v1', kind: 'Node', name: node },
  };
  return { method: 'POST', at: 'object', sub: '/binding', contentType: JSON_TYPE, body };
}

function ownMetadata({ metadata }: KubeObject): Record<string, unknown> {
  const isEmpty = (name: string, value: unknown) =>
    (name === 'labels' || name === 'annotations') && Object.keys(value ?? {}).length === 0;
  return Object.fromEntries(
    Object.entries(metadata).filter(([name, value]) => !SERVERS.includes(name) && !isEmpty(name, value)),
  );
}

function desiredOf(object: KubeObject, isBound: unknown): Record<string, unknown> {
  const { status: _status, ...rest } = object;
  const spec = isBound ? { ...rest.spec, nodeName: undefined } : rest.spec;
  return { ...rest, metadata: ownMetadata(object), ...(spec === undefined ? {} : { spec }) };
}

/** RFC 7396: the patch that makes `after` of `before`; undefined when they are equal. */
export function mergePatch(before: unknown, after: unknown): unknown {
  if (!isRecord(before) || !isRecord(after)) {
    return JSON.stringify(before) === JSON.stringify(after) ? undefined : after;
  }
  const patch: Record<string, unknown> = {};
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const wanted = after[name];
    if (wanted === undefined) {
      if (before[name] !== undefined) patch[name] = null;
      continue;
    }
    const inner = before[name] === undefined ? wanted : mergePatch(before[name], wanted);
    if (inner !== undefined) patch[name] = inner;
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
