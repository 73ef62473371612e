import type { Blame, Cause } from '../../lib/causes.ts';
import type { Diagnosis, ManifestLocation } from '../../report/model.ts';
import type { Evidence } from '../evidence.ts';

/** What a rule found. */
export interface Match {
  /** Raw lines that show it; hostile text. */
  seen: string[];
  explanation: string;
  /** The one line of a log that decided, shortened for a reader; hostile text. */
  deciding?: string;
  /** Who acts, where that depends on what was found; one of the owners that the table has for the cause. */
  blame?: Blame;
  /** Its place in the manifests, for the annotation and for the remedy. */
  where?: { text?: RegExp; path?: readonly (string | number)[] };
  /** The very place, where it is known. */
  at?: Omit<ManifestLocation, 'message'>;
}

/** One cause: pure, from the evidence alone. */
export interface Rule {
  /** `room.kebab-case`, stable. The table of causes has who acts. */
  cause: Cause;
  title: string;
  /** What it looks like to a client, for the documentation. */
  looksLike: string;
  confidence: Exclude<Diagnosis['confidence'], 'unknown'>;
  match(evidence: Evidence): Match | null;
  /** The exact command or line. */
  remedy(evidence: Evidence): string;
  /** Other causes that this evidence excludes by itself, by their words in `rivals.ts`. */
  family: Family;
}

/** Which other explanations a reader would think of first. */
export type Family = 'cloud' | 'config' | 'pods' | 'routing' | 'measurement';

/** Where neither the failure nor the rule has a remedy. */
export const NO_REMEDY = 'Read the evidence and the log of the failed stage.';

/** A cause that a stage has named by the code of its failure: the evidence admits no other reading. */
export function named(
  code: string,
  rule: Omit<Rule, 'match' | 'confidence' | 'looksLike' | 'remedy'> & {
    looksLike: string;
    /** Taken from the failure where it is left out. */
    explanation?: (facts: Record<string, unknown>, evidence: Evidence) => string;
    remedy?: (facts: Record<string, unknown>, evidence: Evidence) => string;
    /** Where the failure has none. */
    usual?: ((evidence: Evidence) => string) | undefined;
    /** Further conditions on the failure's message. */
    only?: RegExp;
    /** `probable` where the code says only that somebody refused, not why. */
    confidence?: Rule['confidence'];
  },
): Rule {
  const { explanation, remedy, usual, only, confidence = 'proven', ...rest } = rule;
  return {
    ...rest,
    confidence,
    match(evidence) {
      const { failure, lines } = evidence;
      if (failure?.code !== code || (only && !only.test(`${failure.message} ${failure.evidence.text ?? ''}`)))
        return null;
      const facts = failure.evidence;
      const own = [facts.text, facts.message].filter((line): line is string => typeof line === 'string' && line !== '');
      return {
        seen: [...own, ...lines],
        explanation: explanation?.(facts, evidence) ?? failure.message,
        blame: failure.blame,
      };
    },
    remedy: (evidence) =>
      remedy?.(evidence.failure?.evidence ?? {}, evidence) ?? evidence.failure?.hint ?? usual?.(evidence) ?? NO_REMEDY,
  };
}

/** What ended the wait for ready pods, by its deadline or because it could not end well. */
const WAITING: ReadonlySet<string> = new Set([
  'ready-timeout',
  'crash-loop',
  'container-config',
  'image-not-found',
  'image-pull-denied',
  'pods-unschedulable',
  'not-healing',
]);

/** Whether the run ended while it waited for pods, route and service. */
export function waited({ failure }: Evidence): boolean {
  return failure?.stage === 'ready' && WAITING.has(failure.code);
}

/** Whether the run ended because the gateway brought no answer, or a service check failed. */
export function unanswered({ failure, report }: Evidence): boolean {
  if (failure) return failure.stage === 'verify';
  return report.checks.some(
    ({ id, outcome }) => outcome === 'fail' && ['health', 'models', 'completion', 'chat'].includes(id),
  );
}

/** Whether requests of one prefix were spread, or went elsewhere than the endpoint picker said. */
export function misrouted({ failure, report }: Evidence): boolean {
  if (failure) return false;
  return report.checks.some(
    ({ id, outcome }) =>
      outcome === 'fail' && ['picker-engaged', 'prefix-affinity', 'unique-spread', 'cache-hits'].includes(id),
  );
}

export function checkOf({ report }: Evidence, id: string) {
  return report.checks.find((check) => check.id === id);
}

/** `kubectl … -n NAMESPACE` of the run. */
export function namespaceOf({ report }: Evidence): string {
  return report.plan.namespace;
}

export function serviceOf({ report }: Evidence): string {
  return report.plan.service ?? 'the LLMInferenceService';
}

/** The node pool of the run, for a command. */
export function poolOf({ report }: Evidence): string {
  return report.plan.nodePool ?? 'POOL';
}

/** The machine type of the nodes, for a sentence. */
export function machineOf({ report }: Evidence): string {
  return report.environment.machineType ?? '?';
}

/** Where a manifest of KServe has the template of its pods. */
export const TEMPLATE = ['spec', 'template'] as const;
