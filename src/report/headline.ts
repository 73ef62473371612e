import { MODES } from '../lib/modes.ts';
import { ratioText } from '../lib/speedup.ts';
import { VERDICTS } from '../lib/verdicts.ts';
import { knownCause, stageOfEnd, wasCutOff } from './cause.ts';
import { changeOf, changeSentence, changeText } from './change.ts';
import { code, link, prose } from './escape.ts';
import { CONFIDENCE, count, duration, NOT_MEASURED, percent, requestsPerSecond, utcMinute } from './format.ts';
import type { Check, Report } from './model.ts';
import { qualitySentence, qualityText } from './quality.ts';
import { successRate } from './record.ts';
import { ratioCounts, speedupText, targetLimits, targetText, vetoed } from './speedup.ts';
import {
  preflightCounts,
  replicaCount,
  serves,
  shortSha,
  splitChecks,
  stageFailed,
  stagePosition,
  tally,
} from './wording.ts';

/** The verdict in a heading's length, without the verdict word. Markdown-free, for annotations too. */
export function headlineText(report: Report): string {
  const speed = speedupText(report);
  if (report.reused) return reusedText(report, report.reused);
  switch (report.verdict) {
    case 'pass':
      if (!MODES[report.mode].leases) return 'ready; nothing was leased';
      if (serves(report)) return servesText(report);
      return speed
        ? `${speed.value} the throughput of one replica (target ${speed.target})${besideText(report)}`
        : sentencePart(firstReason(report));
    case 'fail':
      return failText(report);
    case 'inconclusive':
      if (serves(report)) return `${servesText(report)}, and not all is proven`;
      if (speed?.relation === 'recorded') return `${speed.value} over a recorded baseline, which decides nothing`;
      if (speed?.relation !== 'undecided') return sentencePart(firstReason(report));
      return `${speed.value} (${speed.range}), too close to ${speed.min}× to decide`;
    case 'invalid':
      return vetoed(report) ? 'the measurement does not count' : 'the comparison with its base does not count';
    case 'error':
      return errorText(report);
  }
}

/** Whose verdict it is comes before the figure: nobody is to take it for one of this run. */
function reusedText(report: Report, { speedup, run }: NonNullable<Report['reused']>): string {
  const { value } = ratioText(speedup, targetLimits(report.target));
  return `reused from run ${run.number}, which measured ${value}× (target ${targetText(report)})${besideText(report)}`;
}

/** What a pass says of the comparison with the base stack. */
function besideText(report: Report): string {
  const change = changeOf(report);
  const text = change && changeText(change);
  if (change?.verdict === 'same') return ', the same stack as its base';
  return text ? `, ${text.value} that of its base` : '';
}

/** Who ends it: the nodes cost money until somebody does. */
function keptSentence({ release }: Report): string {
  if (!release?.kept) return '';
  return release.kept.until
    ? ' The sweeper gives the nodes back then; `mode: cleanup` ends it earlier.'
    : ' It stays until `mode: cleanup` or another deploy ends it.';
}

function servesText(report: Report): string {
  const replicas = replicaCount(report);
  const what =
    replicas === null ? 'the stack serves' : `${count(replicas, 'replica')} ${replicas === 1 ? 'serves' : 'serve'}`;
  const until = report.release?.kept?.until;
  return `${what}${until ? ` until ${utcMinute(until)}` : ''}`;
}

/** `✅ Pass — 2.68× …`: the heading's Markdown, without the hashes. Nodes that are left come first: no leak is green. */
export function heading(report: Report): string {
  const text = prose(headlineText(report), 160);
  const isLeak = report.release?.outcome === 'failed' && report.failure?.stage !== 'release';
  if (isLeak) return `❌\u00a0**TPU nodes are still running** — verdict ${report.verdict}: ${text}`;
  const word = MODES[report.mode].heading;
  const verdict = VERDICTS[report.verdict].word;
  return `${word && report.verdict === 'pass' ? verdict.replace('Pass', `${word} passed`) : verdict} — ${text}`;
}

/** One plain sentence (Markdown) that says what was measured and how far it can be trusted. */
export function leadSentence(report: Report): string {
  if (!MODES[report.mode].leases && report.verdict === 'pass') {
    return `${preflightCounts(report.preflight)}. **Nothing was leased, deployed or measured.**`;
  }
  if (report.verdict === 'error') return errorSentence(report);
  if (report.reused) return reusedSentence(report, report.reused);
  if (serves(report) && report.verdict !== 'fail') {
    const where = report.environment.endpoint ? ` at ${code(report.environment.endpoint, 120)}` : '';
    return `Checks: ${tally(report.checks)}${where}. **Nothing was measured.**${keptSentence(report)}`;
  }
  const measured = measuredSentence(report);
  if (measured === null) {
    const checked = report.checks.length > 0 ? `Checks: ${tally(report.checks)}. ` : '';
    const because = report.verdict === 'fail' && checked ? ', because the checks that failed decide the verdict' : '';
    return [`${checked}**Speedup: ${NOT_MEASURED}${because}.**`, changeRemark(report)]
      .filter((part) => part !== '')
      .join(' ');
  }
  const interval = ratioCounts(report)
    ? intervalSentence(report)
    : 'A veto stands against this ratio: it does not count.';
  return [measured, interval, changeRemark(report), routingRemark(report)].filter((part) => part !== '').join(' ');
}

/** Where the verdict comes from, what it was, and that nothing was spent on it. */
function reusedSentence(report: Report, { run, speedup }: NonNullable<Report['reused']>): string {
  const { range } = ratioText(speedup, targetLimits(report.target));
  const sha = shortSha(run.sha);
  const where = `${link(`run ${run.number}`, run.url)} on ${utcMinute(run.finishedAt)}${sha ? `, commit ${sha}` : ''}`;
  return [
    `**Measured by ${where}: the same stack, 0 node-minutes.** The interval was ${range}×.`,
    changeRemark(report),
    'Another measurement: `reuse: never`.',
  ]
    .filter((part) => part !== '')
    .join(' ');
}

/** The comparison with the base stack, in bold, where one was asked for. */
function changeRemark(report: Report): string {
  const change = changeOf(report);
  if (!change) return '';
  const isOpen = change.quality?.verdict === 'dropped' || change.quality?.verdict === 'not-measured';
  const answers = change.quality && isOpen ? ` ${qualitySentence(change.quality)}` : '';
  return `**${prose(`${changeSentence(change)}${answers}`, 800)}**`;
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
  const measured = ratioCounts(report) ? null : `**Speedup: ${NOT_MEASURED}.**`;
  if (!failure) return measured ?? '';
  const name = stageOfEnd(report);
  const position = name && stagePosition(name);
  const took = report.stages.find(({ stage }) => stage === name)?.durationMs;
  const after = took == null ? '' : ` after ${duration(took)}`;
  const where = position ? `Stopped in **${name}** (${position})${after}` : '';
  // A run that was cut off has said why in its heading.
  const said = wasCutOff(report) && !knownCause(report);
  // What preflight found stands in the box and, line by line, in its table.
  const counts = failure.stage === 'preflight' && knownCause(report) ? preflightTold(report) : null;
  const what = said ? (where ? `${where}.` : '') : `${where ? `${where}: ` : ''}${counts ?? prose(failure.message)}`;
  return [what, measured].filter((part) => part !== null && part !== '').join(' ');
}

/** Null when no line of preflight failed, so that its counts would explain nothing. */
function preflightTold({ preflight }: Report): string | null {
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

function intervalSentence(report: Report): string {
  const speed = speedupText(report);
  if (!speed) return '';
  const limits = `The ${CONFIDENCE} limits **${speed.range}×**`;
  if (speed.relation === 'recorded') return 'One replica was not measured in this run, so the ratio decides nothing.';
  if (speed.relation === 'above') return `${limits} lie above ${speed.min}×.`;
  if (speed.relation === 'below') {
    return `${limits} lie wholly below ${speed.min}×, so another run will not change the verdict.`;
  }
  return `${limits} enclose ${speed.min}×.`;
}

/** Said when routing is not what decided, so that nobody reads a number as the whole story. */
function routingRemark(report: Report): string {
  const { routing } = splitChecks(report.checks);
  const speed = speedupText(report);
  if (report.verdict === 'pass' && speed?.aboveExpected) {
    return `That is more than the expected ${speed.target}: check the one-replica arm.`;
  }
  if (report.verdict === 'pass' || routing.length === 0) return '';
  return routing.every((check) => check.outcome === 'pass') ? '' : `Routing checks: ${tally(routing)}.`;
}

function firstReason(report: Report): string {
  return report.reasons[0] ?? 'no reason was recorded';
}

/** A title as part of a sentence: no full stop at its end. */
function sentencePart(title: string): string {
  return title.trim().replace(/[.!]+$/, '');
}
