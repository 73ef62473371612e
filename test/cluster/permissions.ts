import type { KubeObject, KubeRecord } from '../../lab/protocol.ts';

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

/** Every grant that gives what this one gives, itself among them: each optional role is complete without the others. */
export function sameGrants(grant: Grant, all: readonly Grant[]): Grant[] {
  return all.filter(
    ({ role, groups, resource, verb }) =>
      (role.kind === 'ClusterRole' || role.metadata.namespace === grant.role.metadata.namespace) &&
      verb === grant.verb &&
      resource === grant.resource &&
      grant.groups.every((group) => groups.includes(group)),
  );
}

/** The rules of the role without these grants of it. */
export function rulesWithout(role: Role, grants: readonly Grant[]): Role['rules'] {
  return role.rules.flatMap((each, index) => {
    const gone = grants.find((grant) => grant.role === role && grant.index === index);
    if (!gone) return [each];
    return [
      { ...each, verbs: each.verbs.filter((verb) => verb !== gone.verb) },
      { ...each, resources: each.resources.filter((one) => one !== gone.resource), verbs: [gone.verb] },
    ].filter(({ verbs, resources }) => verbs.length > 0 && resources.length > 0);
  });
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
