import type { Cause } from '../../lib/causes.ts';
import type { Evidence, PodRole } from '../evidence.ts';
import { type Placed, quote, reasonsOf, said, tail, troubled } from '../facts.ts';
import { plainLine } from '../last-words.ts';
import { policyMaker } from './own-objects.ts';
import { type Rule, waited } from './rule.ts';

interface LogRule {
  cause: Cause;
  title: string;
  looksLike: string;
  roles: PodRole[];
  /** Container that says it; any without. */
  container?: RegExp;
  pattern: RegExp;
  /** What shows the cause too where no line fits `pattern`, in words with fewer facts. */
  vaguer?: RegExp;
  /** A further demand on the evidence. */
  when?: (evidence: Evidence) => boolean;
  /** Containers that say the same for another reason. */
  unless?: (at: Placed) => boolean;
  /** Whether the words may be those of a pull: they are about the registry, and nothing of the container has run. */
  ofPulls?: true;
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
  const { roles, container, pattern, vaguer, when, unless, ofPulls, blocked, text, path } = given;
  return {
    cause: given.cause,
    title: given.title,
    looksLike: given.looksLike,
    confidence: given.confidence ?? 'proven',
    family: 'pods',
    match(evidence) {
      const flow = evidence.cluster?.blocked.find(({ flow: name }) => blocked !== undefined && name.includes(blocked));
      if (!waited(evidence) || (when && !when(evidence)) || (blocked !== undefined && !flow)) return null;
      const placed = troubled(evidence, ...roles).filter(
        (one) =>
          (!container || container.test(one.container.name)) && !unless?.(one) && (ofPulls || !waitsForImage(one)),
      );
      const found = said(placed, pattern, reasonsOf) ?? (vaguer ? said(placed, vaguer, reasonsOf) : null);
      if (!found) return null;
      const { at, line, match } = found;
      const lines = tail(at).filter((each) => each !== quote(at, line));
      const where = text ? { text: text(match) } : path ? { path } : undefined;
      return {
        seen: [...lines, quote(at, line)],
        deciding: plainLine(line, match[0].slice(-100)),
        explanation: given.explanation(match, `container ${at.container.name} of pod ${at.pod.name}`),
        ...(where ? { where } : {}),
        ...(flow ? policyMaker(evidence, flow) : {}),
      };
    },
    remedy: given.remedy,
  };
}

function waitsForImage({ container: { state, reason } }: Placed): boolean {
  return state === 'waiting' && /Image/.test(reason);
}

/** With its first letter as a capital, for the beginning of a sentence. */
export function capital(text: string): string {
  return `${text[0]?.toUpperCase()}${text.slice(1)}`;
}
