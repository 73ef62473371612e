import type { Manifest } from '../../clients/files/manifests.ts';
import type { HTTPRouteRule, LLMInferenceService } from '../../clients/kubernetes/kinds.ts';
import { Failure } from '../../lib/failure.ts';
import { completionPool, pathPrefix, rulesOf } from '../../stack/route-rules.ts';
import { evidenceAt } from '../../stack/service.ts';
import type { Look } from './table.ts';

/** A part of a service that the gate cannot measure. */
interface Misshape {
  /** Where it is, from the root of the object. */
  path: readonly string[];
  /** Field, value and consequence, after the name of the service. */
  says: string;
  fix: string;
}

/**
 * Whether what KServe will make of a service can be measured: one endpoint picker, a route through it, and replicas that
 * are one pod each. (kserve pkg/controller/v1alpha2/llmisvc: scheduler.go, router.go, workload_multi_node.go.) A field
 * that a base config may set, which the manifests do not hold, is not checked.
 */
export function checkServiceShape(manifest: Manifest, unread: readonly string[]): Look {
  const object: LLMInferenceService = manifest.object;
  const [present] = whatIsThere(object);
  const [absent] = whatIsMissing(object);
  const found = present ?? (unread.length > 0 ? undefined : absent);
  if (found) {
    throw new Failure({
      stage: 'preflight',
      code: 'manifest-shape',
      message: `${object.metadata.name} ${found.says}.`,
      hint: found.fix,
      evidence: evidenceAt(manifest, found.path, `${found.path.join('.')} cannot be measured`),
    });
  }
  if (unread.length > 0) {
    return {
      outcome: 'not-checked',
      seen: `the manifests do not hold its base ${unread.join(', ')}, which may add workers, a router or a picker`,
      remedy: 'Add the LLMInferenceServiceConfig to the manifests.',
    };
  }
  const standbys = Number(object.spec?.router?.scheduler?.replicas ?? 1) - 1;
  const picker = standbys > 0 ? `one endpoint picker with ${standbys} on standby` : 'one endpoint picker';
  const [route] = object.spec?.router?.route?.http?.refs ?? [];
  return { seen: `${picker}, ${route ? `HTTPRoute ${route.name}` : "KServe's own HTTPRoute"}, replicas of one pod` };
}

/** A check of the manifest alone, which base configs that it does not hold may change: no pass, then. */
export function withBases(look: Look, unread: readonly string[]): Look {
  if (unread.length === 0 || (look.outcome ?? 'pass') !== 'pass') return look;
  return { ...look, outcome: 'not-checked', seen: `${look.seen}; what the base ${unread.join(', ')} adds is not read` };
}

function whatIsThere({ spec }: LLMInferenceService): Misshape[] {
  const { scheduler, route } = spec?.router ?? {};
  const found: Misshape[] = [];
  if (spec?.worker) {
    found.push({
      path: ['spec', 'worker'],
      says: 'has spec.worker, so a replica is several pods on several nodes: allowed are replicas of one pod',
      fix: 'Remove spec.worker, and fit a replica onto one node with --tensor-parallel-size.',
    });
  }
  if (spec?.prefill) {
    found.push({
      path: ['spec', 'prefill'],
      says: 'has spec.prefill, so prefill and decode are different pods: allowed are replicas that are all alike',
      fix: 'Remove spec.prefill, and set spec.replicas to the number of replicas that do both.',
    });
  }
  if (scheduler?.replicas !== undefined && Number(scheduler.replicas) < 1) {
    found.push({
      path: ['spec', 'router', 'scheduler', 'replicas'],
      says: `has spec.router.scheduler.replicas ${scheduler.replicas}, so no endpoint picker runs: allowed is 1 or more`,
      fix: 'Leave spec.router.scheduler.replicas out.',
    });
  }
  if (scheduler?.pool?.ref?.name) {
    found.push({
      path: ['spec', 'router', 'scheduler', 'pool', 'ref'],
      says: `has spec.router.scheduler.pool.ref ${scheduler.pool.ref.name}, so KServe makes no endpoint picker: allowed is one of its own`,
      fix: 'Remove pool.ref from spec.router.scheduler, or measure the service that brings that InferencePool.',
    });
  }
  const rules = route?.http?.spec?.rules;
  if (rules && !leadsToPool(rules)) {
    found.push({
      path: ['spec', 'router', 'route', 'http', 'spec', 'rules'],
      says: 'has spec.router.route.http.spec.rules whose completions lead to no InferencePool, past the endpoint picker',
      fix: 'Give the rule of /v1/completions a backendRef of kind InferencePool, or leave the rules to KServe (route: {}).',
    });
  }
  return found;
}

function whatIsMissing({ spec }: LLMInferenceService): Misshape[] {
  const found: Misshape[] = [];
  if (!spec?.router?.route) {
    found.push({
      path: ['spec', 'router', 'route'],
      says: 'has no spec.router.route, so no HTTPRoute leads to it: required is route: {}, or a route by reference',
      fix: 'Add to spec.router: route: {}.',
    });
  }
  if (!spec?.router?.scheduler) {
    found.push({
      path: ['spec', 'router', 'scheduler'],
      says: 'has no spec.router.scheduler, so no endpoint picker routes by prefix: required is scheduler: {} at least',
      fix: 'Add to spec.router: scheduler: {}.',
    });
  }
  return found;
}

function leadsToPool(rules: HTTPRouteRule[]): boolean {
  const given = rulesOf({ apiVersion: '', kind: 'HTTPRoute', metadata: { name: '' }, spec: { rules } });
  return completionPool(given, pathPrefix(given)) !== null;
}
