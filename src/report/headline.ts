import { MODES } from '../lib/modes.ts';
import { ratioText } from '../lib/speedup.ts';
import { VERDICTS } from '../lib/verdicts.ts';
import { knownCause, stageOfEnd, wasCutOff } from './cause.ts';
import { changeOf, changeText } from './change.ts';
import { link, prose } from './escape.ts';
import { count, duration, NOT_MEASURED, percent, requestsPerSecond, utcMinute } from './format.ts';
import type { Check, Report } from './model.ts';
import { qualityText } from './quality.ts';
import { successRate } from './record.ts';
import { ratioCounts, speedupText, targetLimits, targetText, vetoed } from './speedup.ts';
import { preflightCounts, replicaCount, serves, shortSha, splitChecks, stageFailed, stagePosition } from './wording.ts';

/** The verdict in a heading's length, without the verdict word. Markdown-free, for annotations too. */
export function headlineText(report: Report): string {
  const speed = speedupText(report);
  if (report.reused) return reusedText(report, report.reused);
  switch (report.verdict) {
    case 'pass':
      if (!MODES[report.mode].leases) return 'ready; nothing was leased';
      if (serves(report)) return servesText(report);
      return speed ? scalingText(speed, besideText(report)) : sentencePart(firstReason(report));
    case 'fail':
      return failText(report);
    case 'inconclusive':
      if (serves(report)) return `${servesText(report)}, and not all is proven`;
      if (speed?.relation === 'recorded') return `${speed.value} over a recorded baseline, which decides nothing`;
      if (speed?.relation !== 'undecided') return undecidedChange(report) ?? sentencePart(firstReason(report));
      return `${speed.value} (${speed.range}), too close to ${speed.min}× to decide`;
    case 'invalid':
      return vetoed(report) ? 'the measurement does not count' : 'the comparison with its base does not count';
    case 'error':
      return errorText(report);
  }
}

/** A comparison with the base stack that is too close to its limit; null for another. */
function undecidedChange(report: Report): string | null {
  const change = changeOf(report);
  const text = change?.verdict === 'inconclusive' ? changeText(change) : null;
  if (!change || !text || change.quality?.verdict === 'not-measured') return null;
  return `${text.value} (${text.range}) the throughput of its base, too close to ${text.limit.slice(2)} to decide`;
}

/** Whose verdict it is comes before the figure: nobody is to take it for one of this run. */
function reusedText(report: Report, { speedup, run }: NonNullable<Report['reused']>): string {
  const { value } = ratioText(speedup, targetLimits(report.target));
  const measured = `reused from run ${run.number}, which measured ${value}× (target ${targetText(report)})`;
  return joined(measured, besideText(report));
}

/** What a pass states of the comparison with the base stack, before the rest: it is what the author changed. */
function besideText(report: Report): string {
  const change = changeOf(report);
  const text = change && changeText(change);
  if (change?.verdict === 'same') return 'the same stack as its base';
  return text ? `${text.value} the throughput of its base` : '';
}

/** `1.04× the throughput of its base, 2.68× that of one replica (target 2.5–2.8×)` */
function scalingText({ value, target }: NonNullable<ReturnType<typeof speedupText>>, beside: string): string {
  const what = beside.includes('throughput') ? 'that' : 'the throughput';
  return joined(beside, `${value} ${what} of one replica (target ${target})`);
}

const joined = (...parts: string[]) => parts.filter((part) => part !== '').join(', ');

/** Who ends it: the nodes cost money until somebody does. */
function keptSentence({ release }: Report): string {
  if (!release?.kept) return '';
  return release.kept.until
    ? ' The sweeper releases the nodes then; `mode: cleanup` ends it earlier.'
    : ' It stays until `mode: cleanup` or another deploy ends it.';
}

function servesText(report: Report): string {
  const replicas = replicaCount(report);
  const what =
    replicas === null ? 'the stack serves' : `${count(replicas, 'replica')} ${replicas === 1 ? 'serves' : 'serve'}`;
  const until = report.release?.kept?.until;
  return `${what}${until ? ` until ${utcMinute(until)}` : ''}`;
}

/** Characters of a heading after the verdict; what is longer is cut. */
const HEADING_MOST = 160;

/** Whether the whole sentence is the heading's already. */
export function isInHeading(sentence: string, report: Report): boolean {
  const text = sentencePart(sentence);
  return text.length <= HEADING_MOST && text === headlineText(report);
}

/** `✅ Pass — 2.68× …`: the heading's Markdown, without the hashes. Nodes that are left come first: no leak is green. */
export function heading(report: Report): string {
  const text = prose(headlineText(report), HEADING_MOST);
  const isLeak = report.release?.outcome === 'failed' && report.failure?.stage !== 'release';
  if (isLeak) return `❌\u00a0**TPU nodes are still running** — verdict ${report.verdict}: ${text}`;
  const word = MODES[report.mode].heading;
  const verdict = VERDICTS[report.verdict].word;
  return `${word && report.verdict === 'pass' ? verdict.replace('Pass', `${word} passed`) : verdict} — ${text}`;
}

/** One plain sentence (Markdown) on what was measured and how far it can be trusted. */
export function leadSentence(report: Report): string {
  if (!MODES[report.mode].leases && report.verdict === 'pass') {
    return `${preflightCounts(report.preflight)}. **Nothing was leased, deployed or measured.**`;
  }
  if (report.verdict === 'error') return errorSentence(report);
  if (report.reused) return reusedSentence(report, report.reused);
  if (serves(report) && report.verdict !== 'fail') {
    return `**Nothing was measured.**${keptSentence(report)}`;
  }
  const measured = measuredSentence(report);
  if (measured === null) {
    const isDecided = report.verdict === 'fail' && report.checks.length > 0;
    return `**Speedup: ${NOT_MEASURED}${isDecided ? ', because the checks that failed decide the verdict' : ''}.**`;
  }
  const standing = ratioCounts(report)
    ? standingOf(report)
    : 'The measurement has a veto, so this ratio does not count.';
  return [measured, standing].filter((part) => part !== '').join(' ');
}

/** Where the verdict comes from, and that nothing was spent on it. */
function reusedSentence({ plan }: Report, { run, requestsPerSecond: rates }: NonNullable<Report['reused']>): string {
  const sha = shortSha(run.sha);
  const where = `${link(`run ${run.number}`, run.url)} on ${utcMinute(run.finishedAt)}${sha ? `, commit ${sha}` : ''}`;
  const measured =
    rates.all === null || rates.one === null
      ? ''
      : ` It had ${requestsPerSecond(rates.all)} on ${plan.replicas === null ? 'all replicas' : count(plan.replicas, 'replica')} against ${requestsPerSecond(rates.one)} on one.`;
  return `**Measured by ${where}: the same stack, 0 node-minutes.**${measured}`;
}

function failText(report: Report): string {
  const speed = ratioCounts(report) ? speedupText(report) : null;
  if (speed?.relation === 'below') return `${speed.value} the throughput of one replica (target ${targetText(report)})`;
  const change = changeOf(report);
  if (change?.verdict === 'regressed') {
    const scales = speed ? `, and ${speed.value} that of one replica` : '';
    return `${changeText(change)?.value ?? 'less than'} the throughput of its base${scales}`;
  }
  if (change?.verdict === 'worse-answers') {
    const text = change.quality && qualityText(change.quality);
    const ratio = changeText(change)?.value;
    return `answers worse than its base${text ? `, ${text.head} of the tasks right, ${text.base} before` : ''}${ratio ? `, at ${ratio} the throughput` : ''}`;
  }
  const { service, routing } = splitChecks(report.checks);
  const failed = (checks: Check[]) => checks.filter((check) => check.outcome === 'fail').length;
  const beside = speed?.relation === 'above' ? `, despite ${speed.value} throughput` : '';
  if (failed(service) > 0) return `${failed(service)} of ${count(service.length, 'service check')} failed${beside}`;
  if (failed(routing) > 0) return `requests are not routed by prefix cache${beside}`;
  const answered = successRate(report);
  if (answered !== null && answered < report.target.successRate) {
    return `${percent(answered)} of the requests were answered${beside}`;
  }
  return sentencePart(firstReason(report));
}

function errorText(report: Report): string {
  const { failure } = report;
  const cause = knownCause(report);
  if (!cause && (!failure || wasCutOff(report))) return sentencePart(failure?.message ?? firstReason(report));
  const what = cause ? sentencePart(cause.title) : failure ? stageFailed(failure.stage) : null;
  const ready = failure?.stage === 'ready' ? readyText(report) : null;
  const unmeasured = report.checks.length > 0 ? 'throughput was not measured' : 'nothing was measured';
  return [what, ready, ratioCounts(report) ? null : unmeasured].filter((part) => part !== null).join(', ');
}

function readyText(report: Report): string | null {
  const replicas = report.pods.filter((pod) => pod.role === 'replica');
  const wanted = replicaCount(report);
  if (wanted === null) return null;
  const ready = replicas.filter((pod) => pod.totalContainers > 0 && pod.readyContainers === pod.totalContainers);
  return `${ready.length} of ${count(wanted, 'replica')} ready`;
}

function errorSentence(report: Report): string {
  const { failure } = report;
  if (!failure) return `**Speedup: ${NOT_MEASURED}.**`;
  const name = stageOfEnd(report);
  const position = name && stagePosition(name);
  const took = report.stages.find(({ stage }) => stage === name)?.durationMs;
  const after = took == null ? '' : ` after ${duration(took)}`;
  const where = position ? `Stopped in **${name}** (${position})${after}` : '';
  // The heading of a run that was cut off has the message, and that of any other what was not measured.
  if (wasCutOff(report) && !knownCause(report)) {
    const sentences = [where && `${where}.`, ratioCounts(report) ? '' : `**Speedup: ${NOT_MEASURED}.**`];
    return sentences.filter((part) => part !== '').join(' ');
  }
  // What preflight found stands in the box and, line by line, in its table.
  const counts = failure.stage === 'preflight' && knownCause(report) ? preflightFound(report) : null;
  return `${where ? `${where}: ` : ''}${counts ?? prose(failure.message)}`;
}

/** Null when no line of preflight failed, so that its counts would explain nothing. */
function preflightFound({ preflight }: Report): string | null {
  if (!preflight.some(({ outcome }) => outcome === 'fail')) return null;
  return `${preflightCounts(preflight)}. No node was asked for.`;
}

function measuredSentence(report: Report): string | null {
  const { benchmark } = report;
  if (!benchmark?.speedup) return null;
  const all = requestsPerSecond(benchmark.arms.all.requestsPerSecond);
  const one = requestsPerSecond(benchmark.arms.one.requestsPerSecond);
  const load = count(benchmark.concurrencyPerReplica, 'request');
  const when = benchmark.design === 'recorded' ? ' in an earlier run' : '';
  return `**${all}** on ${count(benchmark.replicas, 'replica')} against **${one}** on one${when}, ${load} in flight per replica.`;
}

/** How far the ratio decides, beyond its row in the table. */
function standingOf(report: Report): string {
  const speed = speedupText(report);
  if (speed?.relation === 'recorded') return 'One replica was not measured in this run, so the ratio decides nothing.';
  if (speed?.relation === 'below') return 'Another run will not change the verdict.';
  if (report.verdict === 'pass' && speed?.aboveExpected) {
    return `That is more than the expected ${speed.target}: check the one-replica arm.`;
  }
  return '';
}

function firstReason(report: Report): string {
  return report.reasons[0] ?? 'no reason was recorded';
}

/** A title as part of a sentence: no full stop at its end. */
export function sentencePart(title: string): string {
  return title.trim().replace(/[.!]+$/, '');
}
