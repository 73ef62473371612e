import { createHash } from 'node:crypto';
import type { Manifest } from '../../clients/files/manifests.ts';
import { groupOf } from '../../clients/kubernetes/objects.ts';
import type { Inputs } from '../../inputs/inputs.ts';

export type GuardPolicy = Inputs['guard'];

export type Path = readonly (string | number)[];

/** What is wrong with a field or its value. */
export interface Finding {
  rule: string;
  message: string;
  /** The name in `allowed-references` that would allow it; absent where the field itself would have to be allowed. */
  reference?: string;
  /** Way from the value that was checked to the part that is wrong. */
  at?: Path;
  /** Whether only a cluster writes the field, so that the manifest was exported from one. */
  isExported?: boolean;
}

/** What a value is judged by. */
export interface GuardContext {
  policy: GuardPolicy;
  /** `Secret/name` and the like of every object in the manifests. */
  brought: ReadonlySet<string>;
  /** Names of the LLMInferenceServices whose children the manifests may concern. */
  services: ReadonlySet<string>;
  /** Names of the Kubernetes Services that belong to those, and of those in the manifests. */
  hosts: ReadonlySet<string>;
  namespace: string;
}

/** The stacks that ship with the gate: a component may hold rules for both, and one makes room for the other. */
const SHIPPED = ['qwen2-3b-pattern1', 'qwen2-3b-pattern3'];

/** What the manifests bring, and which names belong to their stack. Pure. */
export function guardContext(manifests: readonly Manifest[], policy: GuardPolicy): Omit<GuardContext, 'namespace'> {
  const named = (kind: string, group: RegExp) =>
    manifests.flatMap(({ object }) =>
      object.kind === kind && group.test(groupOf(object.apiVersion)) ? [object.metadata.name] : [],
    );
  const services = new Set([...named('LLMInferenceService', /^serving\.kserve\.io$/), ...SHIPPED]);
  const pools = named('InferencePool', /^inference\.networking\.(x-)?k8s\.io$/);
  const hosts = [
    ...named('Service', /^$/),
    ...pools.map(derivedService),
    ...[...services].flatMap((name) => [
      `${name}-epp-service`,
      `${name}-kserve-workload-svc`,
      derivedService(`${name}-inference-pool`),
    ]),
  ];
  const brought = manifests.map(({ object }) => `${object.kind}/${object.metadata.name}`);
  return { policy, brought: new Set(brought), services, hosts: new Set(hosts) };
}

/** The Service that Istio derives from an InferencePool: its name ends in 8 hex digits of the pool name's SHA-256. */
function derivedService(pool: string): string {
  return `${pool}-ip-${createHash('sha256').update(pool).digest('hex').slice(0, 8)}`;
}

/** Text of a pull request as one line of printable ASCII, at most 120 characters long. */
export function shown(text: unknown): string {
  const whole = typeof text === 'string' ? text : (JSON.stringify(text) ?? String(text));
  const cut = whole.length > 120 ? `${whole.slice(0, 120)}...` : whole;
  if (/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(cut)) return cut;
  return JSON.stringify(cut).replace(
    /[^\x20-\x7e]/g,
    (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** `spec.template.containers.0.image`. */
export function pathText(path: Path): string {
  return path.map((part) => (typeof part === 'number' ? String(part) : shown(part))).join('.');
}

/** Judges the value of a field that is allowed. Returns nothing for a value that a pull request may set. */
export type ValueRule = (value: unknown, path: Path, context: GuardContext) => Finding[];

/** One sentence about a value that is not allowed, and what is. `at` leads from the value to its part that is wrong. */
export function notAllowed(path: Path, value: unknown, allowed: string, at: Path = []): Finding[] {
  return [{ rule: 'value', message: `${pathText([...path, ...at])} is ${shown(value)}; allowed is ${allowed}`, at }];
}

/** A rule for a text that has to be one of a few. */
export function oneOf(allowed: readonly string[]): ValueRule {
  return (value, path) => (allowed.includes(String(value)) ? [] : notAllowed(path, value, allowed.join(' or ')));
}

/** Fields of a value that should be an object. */
export function fieldsOf(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {};
}
