import type { Api, Call, DenyRule } from './api.ts';
import type { ResourceRoute } from './routes.ts';
import { failure, forbidden } from './status.ts';
import type { JsonObject } from './types.ts';

interface Attributes {
  verb: string;
  group: string;
  resource: string;
  subresource: string;
  namespace: string;
  name: string;
}

/** Throws the 403 that RBAC would answer, in Kubernetes' words, when a rule refuses the request. */
export function authorize(api: Api, call: Call, verb: string, route: ResourceRoute): void {
  const { resource, namespace, name, subresource } = route;
  const attributes = { verb, group: resource.group, resource: resource.plural, subresource, namespace, name };
  if (!isDenied(api.denied, attributes)) return;
  const full = subresource ? `${resource.plural}/${subresource}` : resource.plural;
  // A Namespace object counts as being in itself.
  const within = resource.plural === 'namespaces' && !resource.group ? name : namespace;
  const scope = within ? `in the namespace "${within}"` : 'at the cluster scope';
  const what = `resource "${full}" in API group "${resource.group}" ${scope}`;
  throw forbidden(resource, name, `User "${call.user}" cannot ${verb} ${what}`);
}

export function refusePath(user: string, verb: string, path: string) {
  return failure(403, 'Forbidden', `forbidden: User "${user}" cannot ${verb} path "${path}"`, {});
}

function isDenied(rules: DenyRule[], { verb, group, resource, subresource }: Attributes): boolean {
  const full = subresource ? `${resource}/${subresource}` : resource;
  const fits = (rule: string, actual: string) => rule === '*' || rule === actual;
  return rules.some((rule) => fits(rule.verb, verb) && fits(rule.group, group) && fits(rule.resource, full));
}

/** Answers of the review resources, which are computed and never stored. */
export function review(api: Api, call: Call, kind: string, body: JsonObject): JsonObject {
  const now = new Date().toISOString();
  const metadata = { creationTimestamp: null };
  if (kind === 'SelfSubjectReview') {
    const userInfo = { username: call.user, groups: ['system:authenticated'] };
    return { ...body, metadata: { creationTimestamp: now }, status: { userInfo } };
  }
  if (kind === 'TokenReview') {
    const username = api.userOf(body.spec?.token ?? '');
    const user = { username, groups: ['system:authenticated'] };
    return {
      ...body,
      metadata,
      status: username === null ? { error: 'invalid bearer token' } : { authenticated: true, user },
    };
  }
  if (kind === 'SelfSubjectRulesReview') {
    const all = { verbs: ['*'], apiGroups: ['*'], resources: ['*'] };
    const status = {
      resourceRules: [all],
      nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
      incomplete: false,
    };
    // Rules cannot say what is refused; with refusals the list is marked incomplete, as for a webhook authorizer.
    const why = 'the lab refuses single verbs, which rules cannot express';
    return {
      ...body,
      metadata,
      status: api.denied.length > 0 ? { ...status, incomplete: true, evaluationError: why } : status,
    };
  }
  const { resourceAttributes, nonResourceAttributes } = body.spec ?? {};
  if (!resourceAttributes === !nonResourceAttributes) {
    const why = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
    throw failure(
      422,
      'Invalid',
      `${kind}.authorization.k8s.io "" is invalid: spec.resourceAttributes: Invalid value: null: ${why}`,
    );
  }
  const {
    verb = '',
    group = '',
    resource = '',
    subresource = '',
    namespace = '',
    name = '',
  } = resourceAttributes ?? {};
  const denied = resourceAttributes && isDenied(api.denied, { verb, group, resource, subresource, namespace, name });
  return {
    ...body,
    metadata,
    status: denied ? { allowed: false } : { allowed: true, reason: 'RBAC: allowed by the lab' },
  };
}
