import type { KubeObject, KubeRecord } from '../../src/lab/protocol.ts';

/** A request as authorisation sees it. */
export interface Access {
  verb: string;
  group: string;
  resource: string;
  subresource: string;
  namespace: string;
  name: string;
  status: number;
}

export interface Role extends KubeObject {
  rules: { apiGroups: string[]; resources: string[]; verbs: string[] }[];
}

/** One verb on one resource of one rule. */
export interface Grant {
  role: Role;
  index: number;
  groups: string[];
  /** `pods`, `pods/log`. */
  resource: string;
  verb: string;
}

const PATH = /^\/(?:api|apis\/([^/]+))\/v[^/]+(?:\/namespaces\/([^/]+))?\/([^/?]+)(?:\/([^/?]+))?(?:\/([^/?]+))?/;
const VERBS: Record<string, string> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };

/** Null for what is no resource, such as discovery. */
export function accessOf({ method, path, status }: KubeRecord['requests'][number]): Access | null {
  const [, group = '', namespace = '', resource, name = '', subresource = ''] = PATH.exec(path) ?? [];
  if (!resource) return null;
  const reads = name ? 'get' : /[?&]watch=true/.test(path) ? 'watch' : 'list';
  // A namespace is in itself.
  const within = group === '' && resource === 'namespaces' ? name : namespace;
  return { verb: VERBS[method] ?? reads, group, resource, subresource, namespace: within, name, status };
}

/** Every grant of the roles, one by one. */
export function rulesIn(objects: readonly KubeObject[]): Grant[] {
  const roles = objects.filter(({ kind }) => kind === 'Role' || kind === 'ClusterRole') as Role[];
  return roles.flatMap((role) =>
    role.rules.flatMap(({ apiGroups, resources, verbs }, index) =>
      resources.flatMap((resource) => verbs.map((verb) => ({ role, index, groups: apiGroups, resource, verb }))),
    ),
  );
}

/** Whether another role grants the same everywhere. */
export function grantedElsewhere(grant: Grant, all: readonly Grant[]): boolean {
  return all.some(
    ({ role, groups, resource, verb }) =>
      role !== grant.role &&
      role.kind === 'ClusterRole' &&
      verb === grant.verb &&
      resource === grant.resource &&
      grant.groups.every((group) => groups.includes(group)),
  );
}

/** Whether the request needs the grant. */
export function neededBy({ role, groups, resource, verb }: Grant, access: Access): boolean {
  const full = access.subresource ? `${access.resource}/${access.subresource}` : access.resource;
  const within =
    role.metadata.namespace === undefined ? access.namespace === '' : role.metadata.namespace === access.namespace;
  // A server-side apply of what is not there yet needs create as well as patch.
  const verbs = access.verb === 'patch' && access.status === 201 ? ['patch', 'create'] : [access.verb];
  return within && groups.includes(access.group) && full === resource && verbs.includes(verb);
}
