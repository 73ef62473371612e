import { ownerOf } from '../lib/owners.ts';
import { redactSecrets } from '../lib/redact.ts';
import type { Diagnosis, ManifestLocation } from '../report/model.ts';
import { decidingFacts } from './deciding-facts.ts';
import type { Evidence } from './evidence.ts';
import { decidingLineOf, describeCondition, quote, troubled, wordsOf } from './facts.ts';
import { plainLine } from './last-words.ts';
import { ruledOut } from './ruled-out.ts';
import { type Match, type Rule, waited } from './rules/rule.ts';
import { RULES } from './rules/table.ts';

const MAX_LINES = 30;
const MOST_ODD = 24;

/**
 * The first rule that fits, with its place in the manifests and with what else was considered; or `unknown` with what is
 * odd, when the run ended in an error or a failed check that no rule knows. Null when there is nothing to explain.
 */
export function explain(evidence: Evidence): Diagnosis | null {
  for (const rule of RULES) {
    const found = rule.match(evidence);
    if (!found) continue;
    const blame = ownerOf(rule.cause, found.blame);
    const location = blame === 'change' || blame === 'config' ? locationOf(evidence, found, rule.title) : null;
    return {
      cause: rule.cause,
      title: rule.title,
      confidence: rule.confidence,
      blame,
      explanation: redactSecrets(found.explanation),
      remedy: rule.remedy(evidence),
      evidence: found.seen.slice(-MAX_LINES).map(redactSecrets),
      considered: ruledOut(evidence, rule.family, rule.cause),
      ...(found.deciding ? { deciding: redactSecrets(found.deciding) } : {}),
      ...factsFor(rule, evidence, found),
      ...(location ? { locations: [location] } : {}),
    };
  }
  const { failure, report } = evidence;
  const failed = report.checks.filter(({ outcome }) => outcome === 'fail');
  if (!failure && failed.length === 0) return null;
  return {
    cause: `unknown.${failure?.code ?? failed[0]?.id}`,
    title: 'No known cause fits',
    confidence: 'unknown',
    blame: failure?.blame ?? 'gate',
    explanation: unknownText(evidence, failure?.message ?? `${failed[0]?.title}: ${failed[0]?.seen}`),
    remedy: failure?.hint ?? 'Read the evidence: what is odd is listed there.',
    evidence: [...oddities(evidence), ...evidence.lines].slice(0, MAX_LINES).map(redactSecrets),
    ...decidedBy(evidence),
    considered: ruledOut(
      evidence,
      failure?.stage === 'lease' ? 'cloud' : failure?.stage === 'ready' ? 'pods' : 'routing',
      '',
    ),
  };
}

/** What failed, and what is odd in one sentence: containers by name, conditions that say more than that they wait. */
function unknownText(evidence: Evidence, message: string): string {
  const pods = new Map<string, number>();
  for (const { container } of troubled(evidence)) {
    const silent = container.log.length === 0 && container.message === '' ? ', without a word' : '';
    const what = `container ${container.name} is ${container.state}${container.reason ? ` (${container.reason})` : ''} and not ready${silent}`;
    pods.set(what, (pods.get(what) ?? 0) + 1);
  }
  const waiting = /^(?:MinimumReplicasUnavailable|Progressing)?$/;
  const conditions = (evidence.cluster?.service?.conditions ?? [])
    .filter(({ status, reason }) => status === 'False' && !waiting.test(reason))
    .map(({ reason, message: text }) => `KServe says ${reason}${text ? `: ${text}` : ''}`);
  const odd = [
    ...new Set(conditions),
    ...[...pods].map(([what, count]) => `${what}${count > 1 ? ` on ${count} pods` : ''}`),
    ...(evidence.cluster?.blocked ?? []).map(({ flow }) => `NetworkPolicies block ${flow}`),
  ];
  return odd.length === 0 ? message : `${message.replace(/\.$/, '')}. Odd: ${odd.slice(0, 4).join('; ')}.`;
}

function factsFor({ cause }: Rule, evidence: Evidence, { seen }: Match): Pick<Diagnosis, 'facts'> {
  const facts = decidingFacts(cause, evidence, seen);
  if (facts.length === 0) return {};
  return { facts: facts.map(({ name, value }) => ({ name, value: redactSecrets(value) })) };
}

/** The line of the first container that states why it ended, or why it could not be made. */
function decidedBy(evidence: Evidence): Pick<Diagnosis, 'deciding'> {
  if (!waited(evidence)) return {};
  const at = troubled(evidence);
  const unmade = at.filter(({ container: { state, reason } }) => state === 'waiting' && /Image|Create/.test(reason));
  const [line] = [
    ...at.flatMap((one) => decidingLineOf(one) ?? []),
    ...unmade.flatMap(({ container: { message } }) => (message === '' ? [] : [message])),
  ];
  return line === undefined ? {} : { deciding: redactSecrets(plainLine(line)) };
}

function locationOf({ locate }: Evidence, { where, at }: Match, title: string): ManifestLocation | null {
  const found = at ?? (where && locate?.(where));
  return found ? { ...found, message: title } : null;
}

/** Whatever is not as it should be, for an end that no rule knows: conditions, containers, warnings, blocked connections. */
function oddities(evidence: Evidence): string[] {
  const { cluster } = evidence;
  if (!cluster) return [];
  const conditions = (cluster.service?.conditions ?? [])
    .filter(({ status }) => status !== 'True')
    .map((condition) => `LLMInferenceService: ${describeCondition(condition)}`);
  const containers = troubled(evidence).flatMap((at) => {
    const { state, reason, restarts } = at.container;
    const deciding = decidingLineOf(at);
    const last = wordsOf(at).slice(-2);
    if (deciding !== null && !last.includes(deciding)) last.unshift(deciding);
    return [
      quote(at, `${state} ${reason}, ${restarts} restarts`.replace(' ,', ',')),
      ...last.map((line) => quote(at, line)),
    ];
  });
  // What a pod met before it was Ready has healed.
  const healed = new Set(cluster.pods.filter(({ ready }) => ready).map(({ name }) => name));
  const bound = new Set(cluster.pods.filter(({ node }) => node !== null).map(({ name }) => name));
  const events = cluster.events
    .filter(({ name, reason }) => !healed.has(name) && !(reason === 'FailedScheduling' && bound.has(name)))
    .slice(-8)
    .map(({ reason, kind, name, message }) => `Warning ${reason} ${kind.toLowerCase()}/${name}: ${message}`);
  const blocked = cluster.blocked.map(({ flow, policies }) => `blocked: ${flow}, by ${policies.join(', ')}`);
  const routes = cluster.routes
    .filter(({ own }) => own)
    .flatMap(({ name, conditions: all }) =>
      all.filter(({ status }) => status !== 'True').map((one) => `HTTPRoute ${name}: ${describeCondition(one)}`),
    );
  return [...conditions, ...routes, ...blocked, ...containers, ...events].slice(0, MOST_ODD);
}
