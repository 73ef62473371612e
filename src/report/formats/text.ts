import { CONFIDENCE } from '../../lib/confidence.ts';
import { knownCause } from '../cause.ts';
import { changeOf, changeSentence } from '../change.ts';
import { logLine } from '../escape.ts';
import { chipMinutes, count, duration, NOT_MEASURED, percentiles, requestsPerSecond, usd } from '../format.ts';
import { headlineText } from '../headline.ts';
import type { Diagnosis, ManifestLocation, Report } from '../model.ts';
import { servingText } from '../money.ts';
import { pathSteps, pathSummary } from '../path-text.ts';
import { qualityOf, qualitySentence, worseAnswers } from '../quality.ts';
import { limitsLine } from '../slo.ts';
import { speedupText, vetoed } from '../speedup.ts';
import { sentence, serves, splitChecks, tally, whoActs } from '../wording.ts';
import { always, type Format } from './format.ts';

/** The closing lines of the log. */
export const textFormat: Format = {
  name: 'text',
  file: null,
  applies: always,
  render: (report) => `${renderVerdictText(report).join('\n')}\n`,
};

/**
 * The closing lines for a log or a terminal: verdict, figures, cause and remedy, money, release. Plain text without
 * colour; no line can be taken for a workflow command. `more`: further lines at the end.
 */
export function renderVerdictText(report: Report, more: readonly [label: string, text: string][] = []): string[] {
  const rows: [string, string | null][] = [
    ['verdict', `${report.verdict}: ${headlineText(report)}`],
    ['speedup', serves(report) ? null : speedLine(report)],
    ['change', changeLine(report)],
    ['limits', limitsLine(report)],
    ['quality', qualityLine(report)],
    ['endpoint', report.release?.outcome === 'kept' ? report.environment.endpoint : null],
    ['throughput', throughputLine(report)],
    ['latency', latencyLine(report)],
    ...checkRows(report),
    ...causeRows(report),
    ['time', report.criticalPath ? pathSummary(report.criticalPath) : null],
    ['path', report.criticalPath ? pathSteps(report.criticalPath) : null],
    ['cost', costLine(report)],
    ['serving', servingLine(report)],
    ['TPU nodes', releaseLine(report)],
    ['by hand', report.release?.outcome === 'failed' ? report.release.command : null],
    ...more,
  ];
  const shown = rows.filter((row): row is [string, string] => row[1] !== null && row[1] !== '');
  const width = Math.max(...shown.map(([label]) => label.length));
  return shown.map(([label, text]) => `${label.padEnd(width)}  ${logLine(text, 1_200)}`);
}

function speedLine(report: Report): string {
  if (report.reused)
    return `not measured here, but in run ${report.reused.run.number}: ${report.reused.run.url ?? 'no page'}`;
  const speed = speedupText(report);
  if (!speed) return NOT_MEASURED;
  const limit = `the lower limit must exceed ${speed.min}×`;
  const recorded = speed.relation === 'recorded' ? '; over a recorded baseline, decides nothing' : '';
  const standing = vetoed(report) ? '; does not count' : recorded;
  return `${speed.value} (${CONFIDENCE} limits ${speed.range}×; ${limit})${standing}`;
}

function changeLine(report: Report): string | null {
  const change = changeOf(report);
  return change ? changeSentence(change) : null;
}

function qualityLine(report: Report): string | null {
  const quality = qualityOf(report);
  return quality ? qualitySentence(quality) : null;
}

function throughputLine(report: Report): string | null {
  const { benchmark } = report;
  if (!benchmark) return null;
  const { all, one } = benchmark.arms;
  const many = `${requestsPerSecond(all.requestsPerSecond)} on ${count(benchmark.replicas, 'replica')}`;
  return `${many}, ${requestsPerSecond(one.requestsPerSecond)} on one`;
}

function latencyLine(report: Report): string | null {
  const latency = report.benchmark?.arms.all.latencyMs;
  return latency ? `p50 / p95 / p99 ${percentiles(latency)}` : null;
}

function checkRows(report: Report): [string, string | null][] {
  const { service, routing } = splitChecks(report.checks);
  const bad = report.checks.filter(({ outcome }) => outcome !== 'pass');
  return [
    ['service', service.length > 0 ? tally(service) : null],
    [
      'routing',
      report.reused ? null : routing.length > 0 ? tally(routing) : report.plan.replicas === 1 ? null : NOT_MEASURED,
    ],
    ...bad.map((check): [string, string] => [
      '',
      `${check.outcome}: ${check.title}: expected ${check.expected}, seen ${check.seen}`,
    ]),
  ];
}

function causeRows(report: Report): [string, string | null][] {
  const { failure, verdict } = report;
  if (verdict === 'pass') return [];
  const worse = worseAnswers(report);
  if (worse) {
    return [
      ['cause', worse.why],
      ['to fix', worse.fix],
    ];
  }
  const known = knownCause(report);
  if (known) {
    const sure = known.confidence === 'proven' ? '' : ` (${known.confidence})`;
    return [
      ['cause', `${known.cause}${sure}: ${sentence(known.title)} ${known.explanation}`],
      ...decidedRows(known),
      ['to fix', `${known.remedy}${placeText(known.locations ?? failure?.locations)}`],
      ['more', known.link ?? null],
      ['who acts', whoActs(known.blame)],
    ];
  }
  return [
    ['cause', failure ? `${failure.code}: ${failure.message}` : whyText(report)],
    ['to fix', failure?.hint ?? null],
    ['who acts', failure ? whoActs(failure.blame) : null],
  ];
}

/** The line of a log and the facts that decided. */
function decidedRows({ deciding, facts = [] }: Diagnosis): [string, string | null][] {
  return [['log', deciding ?? null], ...facts.map(({ name, value }): [string, string] => [name.toLowerCase(), value])];
}

/** ` (deploy/service.yaml:74)`, where the manifests have it. */
function placeText(locations: readonly ManifestLocation[] = []): string {
  const [first] = locations;
  return first ? ` (${first.file}:${first.line})` : '';
}

function whyText(report: Report): string {
  const vetoes = report.verdict === 'invalid' ? (report.benchmark?.vetoes ?? []) : [];
  const why = vetoes.length > 0 ? vetoes.map(({ message }) => message) : report.reasons;
  return why.slice(0, 3).map(sentence).join(' ');
}

function costLine(report: Report): string | null {
  const { cost } = report;
  if (!cost) return null;
  const price = cost.usd === null ? 'price not known' : `about ${usd(cost.usd)}`;
  return `${chipMinutes(cost.chipMinutes)}, ${price}`;
}

/** What all replicas cost, day and night; nothing where no price is known, which the line above states. */
function servingLine({ cost }: Report): string | null {
  return cost?.serving
    ? `${servingText(cost.serving)}, at ${usd(cost.serving.one.usdPerHour)} an hour for one replica`
    : null;
}

function releaseLine(report: Report): string {
  const { release } = report;
  if (!release) return 'to be released by the post step';
  const failed = release.outcome === 'failed' ? 'NOT GIVEN BACK: ' : '';
  const took =
    release.outcome === 'not-needed' || release.outcome === 'kept' ? '' : ` (${duration(release.durationMs)})`;
  return `${failed}${release.message}${took}`;
}
