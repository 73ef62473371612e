import { servingRefusal } from '../../clients/serving/refusals.ts';
import type { RoutingEvidence } from '../../report/model.ts';
import type { Evidence } from '../evidence.ts';
import { checksSeen, failed, servedShared } from './routing-checks.ts';
import { checkOf, type Match, type Rule } from './rule.ts';

/** A stack whose requests do not pass its endpoint picker as they should. */
export interface PickerContact {
  /**
   * `fails`: Envoy has handed over the body and cannot ask, so that it replies HTTP 500. `round-robin`: requests go on
   * without the picker. `silent`: the picker has the requests, and nobody replies.
   */
  kind: 'fails' | 'round-robin' | 'silent';
  /** What the gateway has counted for the picker; null where nobody could read it, or where no host is listed. */
  counts: NonNullable<RoutingEvidence['gateway']>['picker'];
  /** Status of completions that the gateway has failed; null where none of the checks was one. */
  status: string | null;
}

/**
 * What became of requests on their way past the endpoint picker; null where nothing shows that they missed it. Envoy
 * replies 500 with no body when it cannot ask about a POST, whatever the pool's failureMode; it goes round-robin when
 * the picker has no listed address or the route has no ext_proc.
 */
export function pickerContact(evidence: Evidence): PickerContact | null {
  const { failure, report } = evidence;
  if (failure && failure.stage !== 'verify') return null;
  const engaged = checkOf(evidence, 'picker-engaged')?.outcome;
  if (engaged === 'pass') return null;
  const counts = report.routing?.gateway?.picker ?? null;
  const kind = kindOf(evidence, counts);
  // Witnesses that contradict each other show nothing.
  if (kind === null || (engaged === 'inconclusive' && kind !== 'silent')) return null;
  const [, status = null] = /HTTP (5\d\d)/.exec(failedCompletions(evidence).join('\n')) ?? [];
  return { kind, counts, status };
}

function kindOf(evidence: Evidence, counts: PickerContact['counts']): PickerContact['kind'] | null {
  const { routing } = evidence.report;
  const engaged = checkOf(evidence, 'picker-engaged')?.outcome;
  const header = routing?.pickerHeader ?? null;
  const completions = failedCompletions(evidence);
  const listed = checkOf(evidence, 'models')?.outcome === 'pass';
  const byGateway = completions.filter((seen) => servingRefusal(seen) === null);
  if (engaged === 'fail' && byGateway.some((seen) => /HTTP 5\d\d/.test(seen))) return 'fails';
  // Envoy's own reply has no body; the server's has one.
  if (listed && completions.some((seen) => /HTTP 500(?!:)/.test(seen))) return 'fails';
  const unserved = (routing?.gateway?.perPod ?? []).every(({ requests }) => requests === 0);
  if (counts && counts.requests > 0 && !broken(counts) && unserved && (header?.answers ?? 0) === 0) return 'silent';
  if (engaged === 'fail') {
    if (broken(counts) && !failed(evidence, 'prefix-affinity')) return 'fails';
    // That requests went on has to be seen: where nobody counted one, they may have gone nowhere.
    if (checkOf(evidence, 'prefix-affinity')?.outcome === 'pass') return null;
    return failed(evidence, 'prefix-affinity') || servedShared(evidence) ? 'round-robin' : null;
  }
  const spread = failed(evidence, 'prefix-affinity') || (failed(evidence, 'cache-hits') && servedShared(evidence));
  return engaged === 'not-observable' && header?.seen === 0 && spread ? 'round-robin' : null;
}

const broken = (counts: PickerContact['counts']) => counts !== null && counts.errors + counts.connectFailures > 0;

/** Whether the gateway may have failed to ask; false where its counters show no failure. */
export function mayHaveFailed({ counts }: PickerContact): boolean {
  return counts === null || broken(counts);
}

/** Whether the gateway may not know that it is to ask; false where it has failed or waits. */
export function mayBeOff({ kind, counts }: PickerContact): boolean {
  return kind !== 'silent' && !broken(counts);
}

/** What follows for requests, as a sentence. */
export function consequence({ kind, status }: PickerContact): string {
  if (kind === 'silent') return 'The gateway waits for the endpoint picker, and completions get no response.';
  if (kind === 'fails') {
    return `The gateway cannot ask the endpoint picker, and ${status ? `completions fail with HTTP ${status}` : 'such completions fail'}.`;
  }
  return 'Requests went past the endpoint picker, round-robin.';
}

/** A rule on requests that the endpoint picker has not decided. */
export function contactRule(
  rule: Pick<Rule, 'cause' | 'title' | 'looksLike' | 'remedy'> & {
    confidence?: Rule['confidence'];
    /** What shows it, or nothing. */
    shows: (evidence: Evidence, contact: PickerContact) => Match | null;
  },
): Rule {
  const { shows, confidence = 'proven', ...rest } = rule;
  return {
    ...rest,
    confidence,
    family: 'routing',
    match(evidence) {
      const contact = pickerContact(evidence);
      const found = contact && shows(evidence, contact);
      return found ? { ...found, seen: [...found.seen, ...answersSeen(evidence), ...checksSeen(evidence)] } : null;
    },
  };
}

/** Completions that failed, and what the gateway has counted for the picker since it knows it. */
function answersSeen(evidence: Evidence): string[] {
  const counters = (evidence.cluster?.gatewayCounters ?? []).filter((line) => /\|\|[^ ]*(?:epp|scheduler)/.test(line));
  return [...failedCompletions(evidence), ...counters];
}

/** `Completion: HTTP 500`, of each check that failed. */
function failedCompletions(evidence: Evidence): string[] {
  return ['completion', 'chat']
    .map((id) => checkOf(evidence, id))
    .flatMap((check) => (check?.outcome === 'fail' ? [`${check.title}: ${check.seen}`] : []));
}
