import { MODES } from '../../lib/modes.ts';
import { besideLimits } from '../../lib/number.ts';
import { ratioText } from '../../lib/speedup.ts';
import { code, prose } from '../escape.ts';
import { NOT_MEASURED, plain } from '../format.ts';
import type { Check, Report, StageResult } from '../model.ts';
import { costCells, nodesCells } from '../money.ts';
import { LIMIT_WORDS, limitsLine, worstLimit } from '../slo.ts';
import { speedupText, targetLimits, vetoed } from '../speedup.ts';
import { CHECK_WORDS, groupOutcome, serves, shownStages, splitChecks, tally } from '../wording.ts';
import { changeRow, qualityRow } from './change-rows.ts';
import { type Row, rowsTable, withNeeded } from './row.ts';
import { stageRows } from './stages-table.ts';

/** The table of the first screen. What was measured when something was, else how far the run came; then cost and nodes. */
export function resultTable(report: Report): string | null {
  const money = [costCells(report), nodesCells(report)];
  if (report.reused) return rowsTable(MEASURED, [...reusedRows(report, report.reused), ...money]);
  if (!showsStages(report)) {
    return serves(report)
      ? rowsTable(SEEN, [...servesRows(report), ...money])
      : rowsTable(MEASURED, [...measuredRows(report), ...money]);
  }
  // A pass without a lease has its lines of preflight below, and nothing else.
  if (!MODES[report.mode].leases && report.verdict === 'pass') return null;
  return rowsTable(SEEN, [...stageRows(stagesOfTable(report), 'not run'), ...money]);
}

const MEASURED = 'Measured (limits)';
const SEEN = 'Seen';

/** The stages without the release, which is about the nodes, and without what the sentence above has. */
function stagesOfTable(report: Report): StageResult[] {
  const own = shownStages(report).filter(({ stage }) => stage !== 'release');
  const isAbove = ({ stage, outcome, summary }: StageResult) =>
    summary === report.failure?.message || (stage === 'preflight' && outcome === 'failed');
  return own.map((each) => (isAbove(each) ? { ...each, summary: '' } : each));
}

/** Whether the first screen has how far the run came, for want of figures. */
export function showsStages({ benchmark, checks, verdict, reused }: Report): boolean {
  if (reused) return false;
  return verdict === 'error' || (benchmark?.speedup == null && checks.length === 0);
}

/** What the run that measured the stack found. */
function reusedRows(report: Report, { speedup }: NonNullable<Report['reused']>): Row[] {
  const { value, range } = ratioText(speedup, targetLimits(report.target));
  const result = report.verdict === 'pass' ? '✅\u00a0pass' : '❌\u00a0**fail**';
  return [...changeRow(report), [result, '**Speedup**', withNeeded(`**${value}×** (${range})`, speedupNeeded(report))]];
}

/** Of a stack that is to stay: what was seen of it. */
function servesRows(report: Report): Row[] {
  const { environment, plan } = report;
  const one = plan.replicas === 1;
  return [
    ...checkRows(report, one ? 'not possible with 1 replica' : NOT_MEASURED),
    ['–', 'Model', environment.modelId ? code(environment.modelId, 80) : '–'],
    ['–', 'Endpoint', environment.endpoint ? code(environment.endpoint, 120) : '–'],
  ];
}

function measuredRows(report: Report): Row[] {
  return [
    ...changeRow(report),
    speedupRow(report),
    ...qualityRow(report),
    ...limitsRow(report),
    ...answeredRow(report),
    ...checkRows(report, NOT_MEASURED),
  ];
}

const speedupNeeded = ({ target }: Report) => `>\u00a0${plain(target.minSpeedup)}×`;

function speedupRow(report: Report): Row {
  const speed = speedupText(report);
  if (!speed) return [NOT_MEASURED, '**Speedup**', withNeeded('–', speedupNeeded(report))];
  const results = {
    above: '✅\u00a0pass',
    below: '❌\u00a0**fail**',
    undecided: '⚠️\u00a0undecided',
    recorded: '⚠️\u00a0not\u00a0decisive',
  };
  const result = vetoed(report) ? '⚠️\u00a0not\u00a0valid' : results[speed.relation];
  return [result, '**Speedup**', withNeeded(`**${speed.value}** (${speed.range})`, speedupNeeded(report))];
}

/** The limits of the input `slo`; the section below has each of them. */
function limitsRow(report: Report): Row[] {
  const worst = worstLimit(report);
  const line = limitsLine(report, 1);
  return worst === null || line === null ? [] : [[LIMIT_WORDS[worst], '**Limits**', prose(line, 400)]];
}

/** Requests that were answered, where it were not all of them. */
function answeredRow(report: Report): Row[] {
  const { benchmark } = report;
  if (!benchmark) return [];
  const target = report.target.successRate * 100;
  const rates = [benchmark.arms.all.successRate * 100, benchmark.arms.one.successRate * 100];
  const met = rates.every((rate) => rate >= target);
  if (met && rates.every((rate) => rate === 100)) return [];
  const format = besideLimits(rates, [0, target, 100], 0);
  const [all, one] = rates.map((rate) => `${format(rate)}%`);
  const result = vetoed(report) ? '⚠️\u00a0not\u00a0valid' : met ? '✅\u00a0pass' : '❌\u00a0**fail**';
  return [[result, 'Requests answered', withNeeded(`${all}, ${one} on one replica`, `${plain(target)}%`)]];
}

/** One row where every check passed, else one for each group. `unrouted`: what stands for checks of routing that were not made. */
function checkRows({ checks }: Report, unrouted: string): Row[] {
  const { service, routing } = splitChecks(checks);
  const isClean = routing.length > 0 && groupOutcome(checks) === 'pass';
  if (isClean) return [[CHECK_WORDS.pass, 'Checks', tally(checks)]];
  const row = (what: string, group: Check[], none: string): Row =>
    group.length === 0 ? ['–', what, none] : [outcomeOf(group), what, tally(group)];
  return [
    ...(service.length > 0 ? [row('Service checks', service, NOT_MEASURED)] : []),
    row('**Routing checks**', routing, unrouted),
  ];
}

function outcomeOf(checks: Check[]): string {
  const outcome = groupOutcome(checks) ?? 'not-observable';
  return outcome === 'fail' ? '❌\u00a0**fail**' : CHECK_WORDS[outcome];
}
