import type { LLMInferenceService } from '../clients/kubernetes/kinds.ts';
import { servingNames } from './kserve-names.ts';
import { rulesOf } from './route-rules.ts';

/** Rules of the route by minor version of KServe 0: how many without a name, or the names that they have. */
const RULES: Readonly<Record<number, number | readonly string[]>> = {
  15: 3,
  17: 3,
  18: 4,
  19: [
    'v1-completions-path',
    'v1-completions-model-routing',
    'v1-chat-completions-path',
    'v1-chat-completions-model-routing',
    'v1-responses-path',
    'v1-responses-model-routing',
    'v1-catch-all-path',
    'v1-catch-all-model-routing',
  ],
  20: [
    'v1-completions-path',
    'v1-chat-completions-path',
    'v1-responses-path',
    'v1-messages-path',
    'v1-model-routing',
    'v1-completions-publisher-path',
    'v1-chat-completions-publisher-path',
    'v1-responses-publisher-path',
    'v1-messages-publisher-path',
    'v1-publisher-path-catch-all',
    'v1-catch-all-path',
    'v1-catch-all-model-routing',
  ],
};

/**
 * What Istio will call the routes of a service that KServe has yet to make a route for: by the rules of the manifest, or
 * else of KServe's preset (config/llmisvcconfig/config-llm-router-route.yaml; ODH v0.15 has them in its router.go). Null
 * where the version is not in the table, and for a route that somebody else makes.
 */
export function expectedRouteNames(
  service: LLMInferenceService,
  namespace: string,
  version: readonly number[] | null,
): string[] | null {
  const { http } = service.spec?.router?.route ?? {};
  if (http?.refs && http.refs.length > 0) return null;
  const { route } = servingNames(service);
  const metadata = { name: route, namespace };
  const given = http?.spec?.rules;
  if (given) return rulesOf({ apiVersion: '', kind: 'HTTPRoute', metadata, spec: { rules: given } }).map(istioName);
  const [major, minor = 0] = version ?? [];
  const rules = major === 0 ? RULES[minor] : undefined;
  if (rules === undefined) return null;
  return typeof rules === 'number'
    ? Array.from({ length: rules }, (_, index) => `${namespace}.${route}.${index}`)
    : [...rules];
}

const istioName = (rule: { istioName: string }) => rule.istioName;
