import { VERDICTS } from '../../lib/verdicts.ts';
import { knownCause, wasCutOff } from '../cause.ts';
import { changeOf } from '../change.ts';
import { withCommands } from '../commands.ts';
import { code, fenced, link, prose } from '../escape.ts';
import { isInHeading, sentencePart } from '../headline.ts';
import type { ArmComparison, Diagnosis, ManifestLocation, Report } from '../model.ts';
import { worseAnswers } from '../quality.ts';
import { sloAdvice } from '../slo.ts';
import { whoActs } from '../wording.ts';
import { alert } from './markdown.ts';

const CAUSE_WORDS: Record<Diagnosis['confidence'], string> = {
  proven: 'Cause',
  probable: 'Probable cause',
  unknown: 'Possible cause',
};

/**
 * The one box of a comment: cause and remedy, only when somebody has to act. Nodes that were not released cost
 * money by the minute, so they bring the box even to a pass.
 */
export function causeBox(report: Report): string | null {
  const lines = [...verdictLines(report), ...releaseLines(report)];
  if (lines.length === 0) return null;
  const red = VERDICTS[report.verdict].alarming || report.release?.outcome === 'failed';
  return alert(red ? 'CAUTION' : 'WARNING', lines);
}

function verdictLines(report: Report): string[] {
  switch (report.verdict) {
    case 'pass':
      return [];
    case 'inconclusive':
    case 'invalid':
      return doubtLines(report);
    default:
      return causeLines(report);
  }
}

function causeLines(report: Report): string[] {
  const { failure } = report;
  const worse = worseAnswers(report);
  // What disturbed the load, if anything did, is not why the answers are worse.
  if (worse)
    return [`**Why:** ${prose(worse.why, 500)}`, `**To fix:** ${prose(worse.fix, 500)}`, ...changedLine(report)];
  const known = knownCause(report);
  if (known) {
    return [
      causeLine(known, report),
      ...decidingLine(known),
      ...(known.remedy
        ? [`**To fix:** ${remedyText(known.remedy)}${placeOf(known.locations ?? failure?.locations)}`]
        : []),
      ...moreLine(known),
      ...alsoFailed(report),
      ...changedLine(report),
      `**Who acts:** ${whoActs(known.blame)}`,
    ];
  }
  const { diagnosis } = report;
  if (diagnosis && failure && !wasCutOff(report)) {
    return [
      `**No known cause fits.** ${diagnosis.explanation === failure.message ? '' : prose(diagnosis.explanation, 700)}`.trim(),
      ...decidingLine(diagnosis),
      `**To fix:** ${remedyText(diagnosis.remedy)}`,
      ...moreLine(diagnosis),
      ...alsoFailed(report),
      ...changedLine(report),
      `**Who acts:** not known (${code(failure.code)}); begin with what is odd.`,
    ];
  }
  if (failure) {
    const cause = report.reasons.find((reason) => reason !== failure.message);
    return [
      ...(cause ? [`**Why:** ${prose(cause)}`] : []),
      ...(failure.hint ? [`**To fix:** ${remedyText(failure.hint)}`] : []),
      ...alsoFailed(report),
      ...changedLine(report),
      ...(wasCutOff(report) ? [] : [`**Who acts:** ${whoActs(failure.blame)} (${code(failure.code)})`]),
    ];
  }
  // Without a failure the heading has the first reason already: the run was cut off from outside.
  if (report.verdict === 'error') {
    const more = report.reasons.slice(1);
    return [
      ...(more.length > 0 ? [`**Why:** ${joined(more)}`] : []),
      '**To fix:** run again. Nothing is known about the change under test.',
    ];
  }
  return [
    `**Why:** ${reasons(report)}`,
    '**To fix:** no rule names a cause. Compare the measures, pairs and environment below with the last passing run.',
    ...changedLine(report),
  ];
}

/** The cause by its title and explanation, without what the heading has. */
function causeLine({ title, explanation, confidence }: Diagnosis, report: Report): string {
  const { verdict, failure } = report;
  const word = CAUSE_WORDS[confidence];
  const more = isInHeading(explanation, report) ? '' : prose(explanation, 700);
  const isTitled = verdict === 'error' && failure !== null && more !== '';
  return `**${word}:${isTitled ? '**' : ` ${prose(sentencePart(title), 160)}.**`} ${more}`.trim();
}

/** What decided: the one line of a log, and facts such as the permission that is missing. */
function decidingLine({ deciding, facts = [] }: Pick<Diagnosis, 'deciding' | 'facts'>): string[] {
  return [
    ...(deciding ? [`**Log:** ${code(deciding, 300)}`] : []),
    ...facts.map(({ name, value }) => `**${prose(name, 40)}:** ${code(value, 300)}`),
  ];
}

/** A command that is cut does not run. */
const MOST_REMEDY = 1_200;

/** What to do, its commands as code. */
function remedyText(remedy: string): string {
  return prose(withCommands(remedy), MOST_REMEDY);
}

/** The page that has the cause, at the version that ran. */
function moreLine({ cause, link: page }: Diagnosis): string[] {
  return page ? [`**More:** ${link(code(cause, 80), page)}`] : [];
}

/** ` (manifests/service.yaml:74)`, where the manifests have it. */
function placeOf(locations: readonly ManifestLocation[] = []): string {
  const [first] = locations;
  return first ? ` (${code(`${first.file}:${first.line}`, 200)})` : '';
}

/** Preflight finds all that is wrong; the cause is only the first of it. */
function alsoFailed({ preflight }: Report): string[] {
  const failed = preflight.filter(({ outcome }) => outcome === 'fail');
  if (failed.length < 2) return [];
  return [
    `**${failed.length} checks failed:** ${failed.map(({ title }) => prose(title, 60)).join(', ')}; each with what to do, below.`,
  ];
}

/** What differs from the last run that passed: the first place to look. */
function changedLine({ sincePass }: Report): string[] {
  if (!sincePass) return [];
  const { run, changes } = sincePass;
  const since = `the last passing run${run.sha ? ` (${code(run.sha.slice(0, 7), 12)})` : ''}`;
  if (changes.length === 0)
    return [`**Since ${since}:** nothing that the gate records has changed; the code and the cluster may have.`];
  const shown = changes.slice(0, 4).map(({ name, before, after }) => changeText(name, before, after));
  const more = changes.length > 4 ? `, and ${changes.length - 4} more` : '';
  return [`**Changed since ${since}:** ${shown.join('; ')}${more}.`];
}

/** Long values, such as a command line, by the words in which they differ. */
function changeText(name: string, before: string, after: string): string {
  const words = (text: string) => text.split(/\s+/);
  if (before.length + after.length < 120) return `${prose(name, 60)} ${code(before, 100)} → ${code(after, 100)}`;
  const gone = words(before).filter((word) => !words(after).includes(word));
  const come = words(after).filter((word) => !words(before).includes(word));
  const part = (label: string, list: string[]) =>
    list.length > 0 ? [`${label} ${code(list.slice(0, 6).join(' '), 160)}`] : [];
  return `${prose(name, 60)}: ${[...part('without', gone), ...part('with', come)].join(', ') || 'in another order'}`;
}

function doubtLines(report: Report): string[] {
  const vetoes = report.benchmark?.vetoes ?? [];
  const { looks, pairs } = report.benchmark ?? {};
  const sentences = vetoes.length > 0 ? vetoes.map((veto) => veto.message) : report.reasons;
  // The heading has the whole of the first; those after it explain nothing that is undecided.
  const why = isInHeading(sentences[0] ?? '', report) ? '' : joined(sentences);
  const known = knownCause(report);
  const lines = [
    ...(known ? [`**${CAUSE_WORDS[known.confidence]}: ${prose(known.title, 160)}.** ${why}`.trim()] : []),
    ...(!known && why !== '' ? [`**Why:** ${why}`] : []),
  ];
  if (known?.remedy)
    lines.push(
      `**To fix:** ${remedyText(known.remedy)}${placeOf(known.locations)}`,
      ...moreLine(known),
      ...changedLine(report),
    );
  else if (report.verdict === 'inconclusive' && report.benchmark && report.benchmark.design !== 'paired') {
    lines.push(
      '**To decide:** let the gateway take a route to one replica, so that both arms are measured side by side.',
    );
  } else if (report.verdict === 'inconclusive' && looks?.stopped === 'time') {
    lines.push('**To decide:** give the run more time or money (inputs `timeout`, `max-cost`).');
  } else if (report.verdict === 'inconclusive' && looks?.stopped === 'budget') {
    lines.push(`**To decide:** allow more than ${pairs?.length ?? looks.done} pairs (input \`pairs\`), or run again.`);
  } else if (report.verdict === 'inconclusive') {
    lines.push(...changeAdvice(changeOf(report)), ...limitsAdvice(report));
  } else if (report.verdict === 'invalid') {
    lines.push('**To decide:** remove what disturbed the measurement and run again; the ratio shown is not a result.');
  }
  return lines;
}

/** What decides a comparison with the base stack. */
function changeAdvice(change: ArmComparison | undefined): string[] {
  if (change?.verdict === 'not-measured') {
    return [
      '**To decide:** remove what kept the base stack from being measured and run again; without `base-manifests` the scaling alone is judged.',
    ];
  }
  if (change?.verdict !== 'inconclusive') return [];
  if (change.quality?.verdict === 'not-measured') {
    return [
      '**To decide:** remove what kept the answers from being compared and run again; with `quality: off` the throughput alone is judged.',
    ];
  }
  return ['**To decide:** allow more pairs (input `pairs`) or a larger `max-slowdown`, or run again.'];
}

/** What decides the limits that were set. */
function limitsAdvice(report: Report): string[] {
  const advice = sloAdvice(report);
  return advice === null ? [] : [`**To decide:** ${advice}`];
}

function releaseLines(report: Report): string[] {
  const { release } = report;
  if (release?.outcome !== 'failed') return [];
  const lines = [`**TPU nodes are still running and cost money:** ${prose(release.message)}`];
  if (release.command)
    lines.push(`Run by hand:\n${fenced([release.command], { maxLines: 5, maxColumns: 1_000 }, 'bash')}`);
  return lines;
}

function reasons(report: Report): string {
  return joined(report.reasons.length > 0 ? report.reasons : ['no reason was recorded']);
}

function joined(sentences: string[]): string {
  const shown = sentences.slice(0, 3).map((sentence) => prose(sentence, 300));
  const more = sentences.length - shown.length;
  return `${shown.join(' ')}${more > 0 ? ` (${more} more below)` : ''}`;
}
