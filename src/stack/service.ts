import type { Manifest } from '../clients/files/manifests.ts';
import type { KubeObject } from '../clients/kubernetes/objects.ts';
import type { Inputs } from '../inputs/inputs.ts';
import { Failure } from '../lib/failure.ts';
import type { ServiceRef } from '../stages/context.ts';

export function isService({ kind }: { kind: string }): boolean {
  return kind === 'LLMInferenceService';
}

/** The one LLMInferenceService of the manifests. Fails with `service-ambiguous` or `too-few-replicas`. */
export function serviceOf(
  manifests: readonly Manifest[],
  { namespace, keep }: Pick<Inputs, 'namespace' | 'keep'>,
): { manifest: Manifest; service: ServiceRef } {
  const services = manifests.filter(({ object }) => isService(object));
  const [only] = services;
  if (!only || services.length > 1) {
    throw new Failure({
      stage: 'preflight',
      code: 'service-ambiguous',
      message: `The manifests hold ${services.length} LLMInferenceServices; the gate ${keep ? 'deploys' : 'measures'} exactly one.`,
      hint: 'Point the input "manifests" at a folder or kustomization with one.',
      blame: 'change',
    });
  }
  const { object } = only;
  const replicas = Number(object.spec?.replicas ?? 1);
  if (!Number.isInteger(replicas) || replicas < (keep ? 1 : 2)) {
    throw new Failure({
      stage: 'preflight',
      code: 'too-few-replicas',
      message: keep
        ? `${object.metadata.name} has ${replicas} replicas, and would serve nothing.`
        : `${object.metadata.name} has ${replicas} replica; a speed-up over one replica needs at least 2.`,
      hint: 'Set spec.replicas (Pattern 3 has 3).',
      blame: 'change',
      evidence: evidenceAt(only, ['spec', 'replicas'], 'too few replicas'),
    });
  }
  return {
    manifest: only,
    service: {
      apiVersion: object.apiVersion,
      name: object.metadata.name,
      namespace: object.metadata.namespace ?? namespace,
      replicas,
    },
  };
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

export interface MainContainer {
  name?: string;
  image?: string;
  command?: string[];
  args?: string[];
  env?: { name: string; value?: string; valueFrom?: unknown }[];
  ports?: { name?: string; containerPort: number }[];
  resources?: { requests?: Record<string, unknown>; limits?: Record<string, unknown> };
  startupProbe?: ProbeSpec;
  readinessProbe?: ProbeSpec;
  livenessProbe?: ProbeSpec;
}

export interface ProbeSpec {
  httpGet?: { scheme?: string; port?: number | string; path?: string };
  initialDelaySeconds?: number;
  periodSeconds?: number;
  failureThreshold?: number;
}

/** Container `main` of the template, which is vLLM; undefined when the preset gives all of it. */
export function mainOf(service: KubeObject): MainContainer | undefined {
  const containers = (service.spec?.template?.containers ?? []) as MainContainer[];
  return containers.find(({ name }) => name === 'main');
}

/** Its command line without what its script has commented out. */
export function commandLine(container: MainContainer | undefined): string {
  return [...(container?.command ?? []), ...(container?.args ?? [])]
    .flatMap((word) => word.split('\n'))
    .filter((line) => !/^\s*#/.test(line))
    .join(' ')
    .replace(/\\?\s+/g, ' ')
    .trim();
}

/** The value of a flag, the last one given; null without it. */
export function flagOf(line: string, flag: string): string | null {
  const found = [...line.matchAll(new RegExp(`(?:^|\\s)${flag}(?:=|\\s+)["']?([^\\s"']+)`, 'g'))].at(-1);
  return found?.[1] ?? null;
}
