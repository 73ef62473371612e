import type { Evidence, PodRole } from '../evidence.ts';
import { quote, said, tail, troubled } from '../facts.ts';
import { policyMaker, type Rule, waited } from './rule.ts';

interface LogRule {
  cause: string;
  title: string;
  blame: Rule['blame'];
  looksLike: string;
  roles: PodRole[];
  /** Container that says it; any without. */
  container?: RegExp;
  pattern: RegExp;
  /** A further demand on the evidence. */
  when?: (evidence: Evidence) => boolean;
  /** The connection whose blocking is the cause, by a word of it. */
  blocked?: string;
  explanation: (found: RegExpExecArray, where: string) => string;
  remedy: (evidence: Evidence) => string;
  /** What to look for in the manifests; may use what the line says. */
  text?: (found: RegExpExecArray) => RegExp;
  path?: readonly (string | number)[];
  confidence?: Rule['confidence'];
}

/** A cause that a container says in its own words before or while it is not ready. */
export function logRule(given: LogRule): Rule {
  const { roles, container, pattern, when, blocked, text, path } = given;
  return {
    cause: given.cause,
    title: given.title,
    blame: given.blame,
    looksLike: given.looksLike,
    confidence: given.confidence ?? 'proven',
    family: 'pods',
    match(evidence) {
      const flow = evidence.cluster?.blocked.find(({ flow: name }) => blocked !== undefined && name.includes(blocked));
      if (!waited(evidence) || (when && !when(evidence)) || (blocked !== undefined && !flow)) return null;
      const placed = troubled(evidence, ...roles).filter((one) => !container || container.test(one.container.name));
      const found = said(placed, pattern);
      if (!found) return null;
      const { at, line, match } = found;
      const lines = tail(at).filter((each) => each !== quote(at, line));
      const where = text ? { text: text(match) } : path ? { path } : undefined;
      return {
        seen: [...lines, quote(at, line)],
        explanation: given.explanation(match, `container ${at.container.name} of pod ${at.pod.name}`),
        ...(where ? { where } : {}),
        ...(flow ? policyMaker(evidence, flow) : {}),
      };
    },
    remedy: given.remedy,
  };
}

/** With its first letter as a capital, for the beginning of a sentence. */
export function capital(text: string): string {
  return `${text[0]?.toUpperCase()}${text.slice(1)}`;
}
