import type { Api, Call, DenyRule } from './api.ts';
import type { Address } from './routes.ts';
import { failure, forbidden } from './status.ts';

/** Who asks without a token. */
export const ANONYMOUS = 'system:anonymous';

const READING: readonly string[] = ['get', 'list', 'watch'];

export interface Attributes {
  verb: string;
  group: string;
  resource: string;
  subresource: string;
}

/** Open to everyone, as system:public-info-viewer has it. */
const PUBLIC = ['/healthz', '/livez', '/readyz', '/version', '/version/'];
/** Open to every authenticated user, as system:discovery has it; `*` at the end matches what follows. */
const DISCOVERY = ['/api', '/api/*', '/apis', '/apis/*', '/openapi', '/openapi/*', ...PUBLIC];
/** Open to every authenticated user, as system:basic-user has it. */
const SELF_REVIEWS: Record<string, string[]> = {
  'authorization.k8s.io': ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
  'authentication.k8s.io': ['selfsubjectreviews'],
};

/** Throws the 403 that RBAC would answer, in Kubernetes' words, when a rule refuses the request. */
export function authorize(api: Api, call: Call, verb: string, address: Address): void {
  const { group, plural, namespace, name, subresource } = address;
  if (mayUse(api, call.user, { verb, group, resource: plural, subresource })) return;
  const full = subresource ? `${plural}/${subresource}` : plural;
  // A Namespace object counts as being in itself.
  const within = plural === 'namespaces' && !group ? name : namespace;
  const scope = within ? `in the namespace "${within}"` : 'at the cluster scope';
  const what = `resource "${full}" in API group "${group}" ${scope}`;
  throw forbidden(address, name, `User "${call.user}" cannot ${verb} ${what}`);
}

/** The same for a path that is no resource. */
export function authorizePath(api: Api, call: Call): void {
  const verb = call.method.toLowerCase();
  if (mayRead(api, call.user, verb, call.path)) return;
  throw failure(403, 'Forbidden', `forbidden: User "${call.user}" cannot ${verb} path "${call.path}"`, {});
}

/** Whether a user may use a resource: everything that no rule refuses, but nothing without a token. */
export function mayUse(api: Api, user: string, attributes: Attributes): boolean {
  const { verb, group, resource, subresource } = attributes;
  if (user === ANONYMOUS) return false;
  if (verb === 'create' && SELF_REVIEWS[group]?.includes(resource)) return true;
  if (api.readers.includes(user) && !READING.includes(verb)) return false;
  const full = subresource ? `${resource}/${subresource}` : resource;
  const fits = (rule: string, actual: string) => rule === '*' || rule === actual;
  return !api.denied.some((rule) => fits(rule.verb, verb) && fits(rule.group, group) && fits(rule.resource, full));
}

/** Whether a user may use a path that is no resource: all but one to whom every resource is refused. */
export function mayRead(api: Api, user: string, verb: string, path: string): boolean {
  const fits = (rule: string) => (rule.endsWith('*') ? path.startsWith(rule.slice(0, -1)) : path === rule);
  if (verb === 'get' && (user === ANONYMOUS ? PUBLIC : DISCOVERY).some(fits)) return true;
  return user !== ANONYMOUS && !api.denied.some(isEverything);
}

const isEverything = ({ verb, group, resource }: DenyRule): boolean =>
  [verb, group, resource].every((each) => each === '*');

/**
 * What a user may do, as far as rules can list it. What an authorizer lists is allowed; where single verbs are refused, the lab
 * lists as little as a cluster whose IAM allows the rest, and sets `incomplete`.
 */
export function rulesOf(api: Api, user: string) {
  const own = {
    resourceRules: Object.entries(SELF_REVIEWS).map(([group, resources]) => ({
      verbs: ['create'],
      apiGroups: [group],
      resources,
    })),
    nonResourceRules: [{ verbs: ['get'], nonResourceURLs: DISCOVERY }],
  };
  if (api.denied.some(isEverything)) return { ...own, incomplete: false };
  // As GKE's webhook leaves it.
  const evaluationError = 'webhook authorizer does not support user rule resolution';
  if (api.denied.length > 0) return { ...own, incomplete: true, evaluationError };
  const verbs = api.readers.includes(user) ? [...READING] : ['*'];
  return {
    resourceRules: [{ verbs, apiGroups: ['*'], resources: ['*'] }, ...own.resourceRules],
    nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }, ...own.nonResourceRules],
    incomplete: false,
  };
}
