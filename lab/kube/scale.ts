import type { KubeObject } from '../protocol.ts';
import type { Api, Call } from './api.ts';
import { mediaType, objectBody, writeOptions } from './body.ts';
import { copyJson } from './frozen.ts';
import type { Resource } from './resources.ts';
import type { ResourceRoute } from './routes.ts';
import { badRequest, methodNotAllowed } from './status.ts';
import type { JsonObject } from './types.ts';
import { liveObject, patched } from './verbs.ts';
import { replaceObject } from './write.ts';

/** The `scale` subresource: an autoscaling/v1 Scale that reads and writes the replica count. */
export function scale(api: Api, call: Call, route: ResourceRoute): JsonObject {
  const live = liveObject(api, route);
  const current = scaleOf(live, route.resource);
  if (call.method === 'GET') return current;
  if (call.method !== 'PUT' && call.method !== 'PATCH') throw methodNotAllowed();
  const wanted =
    call.method === 'PUT' ? objectBody(call, { kind: 'Scale' }) : patched(current, mediaType(call), call, route);
  const replicas = wanted.spec?.replicas ?? 0;
  if (!Number.isInteger(replicas) || replicas < 0)
    throw badRequest('spec.replicas must be a number that is not negative');
  const next = copyJson(live);
  write(next, paths(route.resource).spec, replicas);
  next.metadata.resourceVersion = wanted.metadata?.resourceVersion;
  const options = { ...writeOptions(call, '', 'UpdateOptions'), subresource: 'scale' };
  return scaleOf(replaceObject(api, route.resource, live, next, options, 'body'), route.resource);
}

function paths({ custom }: Resource): { spec: string[]; status: string[]; selector: string[] } {
  const split = (path: string | undefined) => (path ?? '').split('.').filter((part) => part !== '');
  if (!custom?.scale) return { spec: ['spec', 'replicas'], status: ['status', 'replicas'], selector: [] };
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = custom.scale;
  return { spec: split(specReplicasPath), status: split(statusReplicasPath), selector: split(labelSelectorPath) };
}

function scaleOf(object: KubeObject, resource: Resource): JsonObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const at = paths(resource);
  const labels = Object.entries((object.spec?.selector?.matchLabels ?? {}) as Record<string, string>);
  const selector = resource.custom
    ? read(object, at.selector)
    : labels.map(([key, value]) => `${key}=${value}`).join(',');
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: read(object, at.spec) ?? 0 },
    status: { replicas: read(object, at.status) ?? 0, ...(selector ? { selector } : {}) },
  };
}

function read(object: KubeObject, path: string[]): unknown {
  return path.length === 0 ? undefined : path.reduce((value: JsonObject | undefined, name) => value?.[name], object);
}

function write(object: JsonObject, path: string[], value: unknown): void {
  const last = path.at(-1);
  let node = object;
  for (const name of path.slice(0, -1)) node = node[name] ??= {};
  if (last) node[last] = value;
}
