import { mayRead, mayUse, rulesOf } from './access.ts';
import type { Api, Call } from './api.ts';
import { timestamp } from './api.ts';
import type { Resource } from './resources.ts';
import { badRequest, invalid } from './status.ts';
import type { JsonObject } from './types.ts';

const GROUPS = ['system:authenticated'];

/** Answers of the review resources, which are computed and never stored. */
export function review(api: Api, call: Call, { kind, apiVersion, group }: Resource, body: JsonObject): JsonObject {
  const answer = (status: JsonObject, more: JsonObject = {}) => ({
    ...body,
    kind,
    apiVersion,
    metadata: {},
    ...more,
    status,
  });
  if (kind === 'SelfSubjectReview') {
    const metadata = { creationTimestamp: timestamp() };
    return answer({ userInfo: { username: call.user, groups: GROUPS } }, { metadata });
  }
  if (kind === 'TokenReview') {
    const username = api.userOf(body.spec?.token ?? '');
    if (username === null) return answer({ error: 'invalid bearer token' });
    return answer({ authenticated: true, user: { username, groups: GROUPS } });
  }
  if (kind === 'SelfSubjectRulesReview') {
    if (!body.spec?.namespace) throw badRequest('no namespace on request');
    return answer(rulesOf(api, call.user), { spec: {} });
  }
  const { resourceAttributes, nonResourceAttributes, user = call.user } = body.spec ?? {};
  if (!resourceAttributes === !nonResourceAttributes) {
    const why = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
    const field = 'spec.resourceAttributes';
    throw invalid(group, '', '', [{ reason: 'FieldValueInvalid', message: `Invalid value: null: ${why}`, field }]);
  }
  if (nonResourceAttributes) {
    const { verb = '', path = '' } = nonResourceAttributes;
    return answer({ allowed: mayRead(api, user, verb, path) });
  }
  const attributes = { verb: '', group: '', resource: '', subresource: '', ...resourceAttributes };
  return answer({ allowed: mayUse(api, user, attributes) });
}
