import type { Manifest } from '../clients/files/manifests.ts';
import type { KubeClient } from '../clients/kubernetes/client.ts';
import type { Container, LLMInferenceService } from '../clients/kubernetes/kinds.ts';
import { Failure } from '../lib/failure.ts';
import { completeService } from './base-configs.ts';
import type { GatewayRef, ServiceRef } from './refs.ts';

/** Whether an object or a reference is of an LLMInferenceService. */
export function isService(object: { kind?: string } | undefined): boolean {
  return object?.kind === 'LLMInferenceService';
}

/** The service as the cluster has it; null while it does not exist. */
export function readService(
  kube: KubeClient,
  { apiVersion, name, namespace }: Pick<ServiceRef, 'apiVersion' | 'name' | 'namespace'>,
): Promise<LLMInferenceService | null> {
  return kube.get({ apiVersion, kind: 'LLMInferenceService', name, namespace });
}

/** The service of the manifests with what their base configs add; undefined when they hold none. */
export function serviceObject(manifests: readonly Manifest[]): LLMInferenceService | undefined {
  const objects = manifests.map(({ object }) => object);
  const service = objects.find(isService);
  return service && completeService(service, objects).object;
}

/** The gateway that a service names; null when it leaves the choice to KServe. */
export function gatewayNamed({ spec, metadata }: LLMInferenceService): GatewayRef | null {
  const [first] = spec?.router?.gateway?.refs ?? [];
  return first?.name ? { name: first.name, namespace: first.namespace ?? metadata.namespace ?? '' } : null;
}

/** The one service of the manifests. */
export interface OneService {
  /** As KServe will complete it from the base configs of the manifests; its lines are those of the service. */
  manifest: Manifest;
  service: ServiceRef;
  /** Base configs that the manifests do not hold: what they add is not known. */
  unread: string[];
}

/** The one LLMInferenceService of the manifests. Fails with `service-ambiguous` or `too-few-replicas`. */
export function serviceOf(
  manifests: readonly Manifest[],
  { namespace, keep }: { namespace: string; keep: object | null },
): OneService {
  const services = manifests.filter(({ object }) => isService(object));
  const [only] = services;
  if (!only || services.length > 1) {
    throw new Failure({
      stage: 'preflight',
      code: 'service-ambiguous',
      message: `The manifests hold ${services.length} LLMInferenceServices; the gate ${keep ? 'deploys' : 'measures'} exactly one.`,
      hint: 'Point the input "manifests" at a folder or kustomization with one.',
    });
  }
  const objects = manifests.map(({ object }) => object);
  const { object, unread } = completeService(only.object, objects);
  const replicas = replicasOf(object, { only, keep, unread });
  const routes = (object.spec?.router?.route?.http?.refs ?? []).flatMap(({ name }) => name ?? []);
  return {
    manifest: { ...only, object },
    service: {
      apiVersion: object.apiVersion,
      name: object.metadata.name,
      namespace: object.metadata.namespace ?? namespace,
      replicas,
      ...(routes.length > 0 ? { routes } : {}),
    },
    unread,
  };
}

/** The number of replicas, which the gate leases nodes for. */
function replicasOf(
  { metadata: { name }, spec }: LLMInferenceService,
  { only, keep, unread }: { only: Manifest; keep: object | null; unread: readonly string[] },
): number {
  const refuse = (message: string, field: string, hint = 'Set spec.replicas (3 for example).'): Failure =>
    new Failure({
      stage: 'preflight',
      code: 'too-few-replicas',
      message,
      hint,
      evidence: evidenceAt(only, ['spec', field], 'too few replicas'),
    });
  if (spec?.scaling !== undefined) {
    const hint = 'Remove spec.scaling and set spec.replicas (3 for example).';
    throw refuse(`spec.scaling of ${name} lets an autoscaler change the replicas under measurement.`, 'scaling', hint);
  }
  if (spec?.replicas === undefined && unread.length > 0) {
    throw refuse(
      `${name} sets no spec.replicas, and the manifests do not hold its base ${unread.join(', ')}, which may: the gate leases nodes by that number.`,
      'replicas',
    );
  }
  const replicas = Number(spec?.replicas ?? 1);
  if (Number.isInteger(replicas) && replicas >= (keep ? 1 : 2)) return replicas;
  throw refuse(
    keep
      ? `${name} has ${replicas} replicas, and would serve nothing.`
      : `${name} has ${replicas} replica; a speedup over one replica needs at least 2.`,
    'replicas',
  );
}

/** Where a failure is in the manifests, for its annotation. */
export function evidenceAt(
  manifest: Manifest,
  where: readonly (string | number)[] | RegExp,
  message: string,
): Record<string, unknown> {
  const line = (where instanceof RegExp ? manifest.lineMatching?.(where) : manifest.lineOf?.(where)) ?? manifest.line;
  return { file: manifest.file, line, locations: line === null ? [] : [{ file: manifest.file, line, message }] };
}

/** Container `main` of the template, which is vLLM; undefined when the preset gives all of it. */
export function mainOf(service: LLMInferenceService): Container | undefined {
  return service.spec?.template?.containers?.find(({ name }) => name === 'main');
}

/** Its command line as written, without what its script has commented out: `command-line.ts` reads what it means. */
export function commandLine(container: Container | undefined): string {
  return [...(container?.command ?? []), ...(container?.args ?? [])]
    .flatMap((word) => word.split('\n'))
    .filter((line) => !/^\s*#/.test(line))
    .join(' ')
    .replace(/\\?\s+/g, ' ')
    .trim();
}
