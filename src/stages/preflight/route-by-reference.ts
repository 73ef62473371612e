import type { Manifest } from '../../clients/files/manifests.ts';
import type { KubeClient } from '../../clients/kubernetes/client.ts';
import type { HTTPRoute, LLMInferenceService } from '../../clients/kubernetes/kinds.ts';
import { Failure } from '../../lib/failure.ts';
import { childName } from '../../stack/kserve-names.ts';
import type { ServiceRef } from '../../stack/refs.ts';
import { completionPool, pathPrefix, rulesOf } from '../../stack/route-rules.ts';
import { gatewayRefs } from '../../stack/routes.ts';
import { evidenceAt } from '../../stack/service.ts';
import { namedRoutes } from './gateway-choice.ts';
import type { Look } from './table.ts';

/**
 * The HTTPRoutes that a service names in place of KServe's own: each is there and attached to a gateway, and completions
 * of one of them lead to the service's InferencePool. Throws a Failure (`route-missing`).
 */
export async function checkNamedRoutes(
  kube: KubeClient,
  given: { manifest: Manifest; manifests: readonly Manifest[]; service: ServiceRef },
): Promise<Look> {
  const routes = await namedRoutes(kube, given);
  const pool = childName(given.service.name, '-inference-pool');
  const leads: string[] = [];
  for (const { name, route } of routes) {
    if (!route) {
      throw refusal(
        given.manifest,
        name,
        'which neither the manifests nor the cluster have',
        'Add it to the manifests.',
      );
    }
    if (gatewayRefs(route).length === 0) {
      throw refusal(given.manifest, name, 'which has no parentRef to a Gateway', 'Attach it to the gateway.');
    }
    if (poolOf(route) === pool) leads.push(name);
  }
  if (leads.length === 0) {
    const [first] = routes;
    const target = first?.route ? poolOf(first.route) : null;
    const where = target === null ? 'no InferencePool' : `InferencePool ${target}`;
    throw refusal(
      given.manifest,
      routes.map(({ name }) => name).join(', '),
      `whose completions lead to ${where}, not to ${pool}`,
      `Give the rule of /v1/completions a backendRef of kind InferencePool and name ${pool}.`,
    );
  }
  return { seen: `HTTPRoute ${leads.join(', ')} leads to ${pool}` };
}

function poolOf(route: HTTPRoute): string | null {
  const rules = rulesOf(route);
  return completionPool(rules, pathPrefix(rules))?.name ?? null;
}

function refusal(manifest: Manifest, route: string, why: string, hint: string): Failure {
  const { metadata }: LLMInferenceService = manifest.object;
  return new Failure({
    stage: 'preflight',
    code: 'route-missing',
    message: `spec.router.route.http.refs of ${metadata.name} names HTTPRoute ${route}, ${why}.`,
    hint,
    evidence: evidenceAt(manifest, ['spec', 'router', 'route', 'http', 'refs'], `HTTPRoute ${route}, ${why}`),
  });
}
