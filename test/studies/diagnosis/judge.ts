import type { Fault } from './faults.ts';
import type { Played } from './play.ts';
import { ownersOf, remediesOf } from './remedies.ts';
import { isKept, type Wait, waitOf } from './waits.ts';

/** A fault with what the gate made of it, and what is wrong with that. */
export interface Outcome extends Fault {
  found: string;
  verdict: string;
  confidence: string;
  wait: Wait | null;
  seconds: number;
  problems: Problem[];
}

export interface Problem {
  kind: 'cause' | 'remedy' | 'evidence' | 'wait' | 'end';
  text: string;
}

/** Everything that a reader of the comment would be misled by. */
export function judge(fault: Fault, played: Played): Outcome {
  const diagnosis = played.report?.diagnosis ?? null;
  const found = diagnosis?.cause ?? (played.report ? 'none' : 'no result');
  const wait = waitOf(fault, played);
  const isCause = found === fault.cause;
  return {
    ...fault,
    found,
    wait,
    verdict: played.report?.verdict ?? '?',
    confidence: diagnosis?.confidence ?? '?',
    seconds: played.seconds,
    problems: [
      ...(isCause ? [] : [{ kind: 'cause' as const, text: `${found} in place of ${fault.cause}` }]),
      ...(fault.outside && diagnosis?.confidence === 'proven'
        ? [{ kind: 'cause' as const, text: `${found} is called proven, and nothing proves it` }]
        : []),
      ...remedyProblems(fault, played, found),
      ...missing('the comment', fault.shows, played.comment),
      ...missing('the log', fault.warns, played.log),
      ...(wait && !isKept(wait) ? [{ kind: 'wait' as const, text: `it ended after ${wait.lagMs} ms` }] : []),
      ...(played.nodesLeft ? [{ kind: 'end' as const, text: 'nodes are left' }] : []),
      ...(played.exit === 5 && isCause ? [{ kind: 'end' as const, text: 'it ended otherwise than promised' }] : []),
    ],
  };
}

function remedyProblems({ cause, remedy, outside }: Fault, { report }: Played, found: string): Problem[] {
  if (!report?.diagnosis) return [];
  const given = report.diagnosis.remedy;
  const owners = ownersOf(given, remediesOf(report));
  const isTaken = owners.length > 0 && !owners.includes(found) && !(outside && owners.includes(cause));
  return [
    ...(isTaken ? [{ kind: 'remedy' as const, text: `its remedy is that of ${owners.join(', ')}: ${given}` }] : []),
    ...(remedy !== null && !given.includes(remedy)
      ? [{ kind: 'remedy' as const, text: `its remedy lacks “${remedy}”: ${given}` }]
      : []),
  ];
}

function missing(where: string, words: readonly string[], text: string): Problem[] {
  const seen = plain(text);
  return words
    .filter((one) => !seen.includes(plain(one)))
    .map((one) => ({ kind: 'evidence' as const, text: `${where} does not have “${one}”` }));
}

/** Text without the escapes of Markdown, HTML and JSON, and without its breaks. */
function plain(text: string): string {
  const entities: Record<string, string> = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&amp;': '&' };
  return text
    .replace(/&(?:lt|gt|quot|#39|amp);/g, (entity) => entities[entity] ?? entity)
    .replace(/[\\\u200b\u2060]/g, '')
    .replace(/\s+/g, ' ');
}
