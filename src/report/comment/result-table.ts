import { besideLimits, percentUpTo } from '../../lib/number.ts';
import { ratioText } from '../../lib/speedup.ts';
import { CHANGE_WORDS, changeOf, changeText } from '../change.ts';
import { code, prose } from '../escape.ts';
import { count, duration, NOT_MEASURED, percent, percentiles, plain, requestsPerSecond } from '../format.ts';
import type { Check, Report, StageResult } from '../model.ts';
import { QUALITY_WORDS, qualityOf, qualityText } from '../quality.ts';
import { speedupText, targetLimits, vetoed } from '../speedup.ts';
import {
  CHECK_WORDS,
  groupOutcome,
  hasEnded,
  isRunning,
  oneReplicaTitle,
  replicaCount,
  STAGES,
  serves,
  shownStages,
  splitChecks,
  tally,
} from '../wording.ts';
import { table } from './markdown.ts';

/** The table of the first screen: at most seven rows, and two of a comparison with the base stack. Measures when something was measured, else how far the run came. */
export function resultTable(report: Report): string | null {
  if (report.reused) return reusedTable(report, report.reused);
  const measured = report.benchmark?.speedup != null || report.checks.length > 0;
  if (report.verdict !== 'error' && measured) return serves(report) ? servesTable(report) : measuresTable(report);
  const stages = shownStages(report);
  return stages.length > 0 ? stagesTable(stages) : null;
}

/** Figures of the run that measured the stack. */
function reusedTable(
  report: Report,
  { speedup, requestsPerSecond: rates, run }: NonNullable<Report['reused']>,
): string {
  const { value, range } = ratioText(speedup, targetLimits(report.target));
  const rate = (each: number | null) => (each === null ? NOT_MEASURED : requestsPerSecond(each));
  const result = report.verdict === 'pass' ? '✅\u00a0pass' : '❌\u00a0**fail**';
  const limit = `> ${plain(report.target.minSpeedup)}×`;
  const rows = [
    ['**Speedup**', `**${value}×** (${range})`, '1×', limit, result],
    ...changeRow(report),
    ['Throughput', rate(rates.all), rate(rates.one), '–', '–'],
  ];
  const replicas = replicaCount(report);
  const header = [
    `As run ${run.number} measured it`,
    replicas === null ? 'All replicas' : count(replicas, 'replica'),
    ...['1 replica', 'Target', 'Result'],
  ];
  return table(header, ['left', 'right', 'right', 'right', 'left'], rows);
}

/** Of a stack that is to stay: what was seen of it. */
function servesTable(report: Report): string {
  const { environment, plan } = report;
  const { service, routing } = splitChecks(report.checks);
  const one = plan.replicas === 1;
  const rows = [
    ['Service checks', tally(service), outcomeOf(service)],
    one
      ? ['Routing checks', 'one replica serves everything', '–']
      : ['**Routing checks**', routing.length > 0 ? tally(routing) : NOT_MEASURED, outcomeOf(routing)],
    ['Model', environment.modelId ? code(environment.modelId, 80) : '–', '–'],
    ['Endpoint', environment.endpoint ? code(environment.endpoint, 120) : '–', '–'],
  ];
  return table(['', 'Seen', 'Result'], ['left', 'left', 'left'], rows);
}

function measuresTable(report: Report): string {
  const { benchmark } = report;
  const replicas = replicaCount(report);
  const { service, routing } = splitChecks(report.checks);
  const rows = [speedupRow(report), ...changeRow(report), ...qualityRow(report)];
  if (benchmark) {
    const { all, one } = benchmark.arms;
    const rates = [requestsPerSecond(all.requestsPerSecond), requestsPerSecond(one.requestsPerSecond)];
    rows.push(['Throughput', ...rates, '–', '–']);
    if (all.latencyMs) {
      const single = one.latencyMs ? percentiles(one.latencyMs) : NOT_MEASURED;
      rows.push(['Latency p50 / p95 / p99', percentiles(all.latencyMs), single, '–', '–']);
    }
    rows.push(answeredRow(report));
  }
  if (service.length > 0) rows.push(['Service checks', tally(service), '–', 'all', outcomeOf(service)]);
  rows.push(['**Routing checks**', routing.length > 0 ? tally(routing) : NOT_MEASURED, '–', 'all', outcomeOf(routing)]);
  const hits = hitRateRow(report);
  if (hits) rows.push(hits);
  const one = benchmark ? oneReplicaTitle(benchmark) : '1 replica';
  const header = ['', replicas === null ? 'All replicas' : count(replicas, 'replica'), one, 'Target', 'Result'];
  return table(header, ['left', 'right', 'right', 'right', 'left'], rows);
}

function speedupRow(report: Report): string[] {
  const speed = speedupText(report);
  const limit = `> ${plain(report.target.minSpeedup)}×`;
  if (!speed) return ['**Speedup**', NOT_MEASURED, '–', limit, NOT_MEASURED];
  const results = {
    above: '✅\u00a0pass',
    below: '❌\u00a0**fail**',
    undecided: '⚠️\u00a0undecided',
    recorded: '⚠️\u00a0not decisive',
  };
  const result = vetoed(report) ? '⚠️\u00a0not valid' : results[speed.relation];
  return ['**Speedup**', `**${speed.value}** (${speed.range})`, '1×', limit, result];
}

/** The comparison with the base stack, where one was asked for. */
function changeRow(report: Report): string[][] {
  const change = changeOf(report);
  if (!change) return [];
  const text = change.verdict === 'invalid' ? null : changeText(change);
  const seen = text ? `**${text.value}** (${text.range})` : '–';
  return [['**Against the base**', seen, '1×', `> ${plain(change.limit)}×`, CHANGE_WORDS[change.verdict]]];
}

/** The answers of both stacks to the same tasks, where they were compared. */
function qualityRow(report: Report): string[][] {
  const quality = qualityOf(report);
  if (!quality) return [];
  const text = qualityText(quality);
  const result = QUALITY_WORDS[quality.verdict];
  const limit = `drop ≤ ${percentUpTo(quality.maxDrop, 2)}`;
  if (!text) return [['**Quality of answers**', '–', '–', limit, result]];
  const seen = `**${text.head}** (${text.difference}: ${text.range})`;
  const base = `base ${text.base}, ${text.identical} identical`;
  return [['**Quality of answers**', seen, base, limit, result]];
}

function answeredRow(report: Report): string[] {
  const arms = report.benchmark!.arms;
  const target = report.target.successRate * 100;
  const rates = [arms.all.successRate * 100, arms.one.successRate * 100];
  const format = besideLimits(rates, [0, target, 100], 0);
  const met = rates.every((rate) => rate >= target);
  const result = vetoed(report) ? '⚠️\u00a0not valid' : met ? '✅\u00a0pass' : '❌\u00a0**fail**';
  return ['Requests answered', ...rates.map((rate) => `${format(rate)}%`), `${plain(target)}%`, result];
}

function hitRateRow(report: Report): string[] | null {
  const rate = report.routing?.hitRate;
  if (!rate) return null;
  const check = report.checks.find(({ id }) => id === 'cache-hits');
  const expected = `${percent(rate.aware)} aware, ${percent(rate.random)} random`;
  const measured = rate.measured === null ? NOT_MEASURED : percent(rate.measured);
  return ['Prefix-cache hit rate', measured, '–', expected, check ? CHECK_WORDS[check.outcome] : '–'];
}

function outcomeOf(checks: Check[]): string {
  const outcome = groupOutcome(checks);
  return outcome === null ? NOT_MEASURED : outcome === 'fail' ? '❌\u00a0**fail**' : CHECK_WORDS[outcome];
}

/** Stages in order; neighbours that have not begun share a row. The release that is still to come is `post`'s. */
export function stagesTable(stages: StageResult[], idle: 'not run' | 'waiting' = 'not run'): string {
  const rows: string[][] = [];
  let waiting: string[] = [];
  const flush = () => {
    if (waiting.length > 0) rows.push([waiting.join(', '), '–', idle]);
    waiting = [];
  };
  for (const stage of STAGES.flatMap((name) => stages.filter((result) => result.stage === name))) {
    const began = hasEnded(stage) || isRunning(stage);
    if (!began && (stage.stage !== 'release' || stage.outcome === 'skipped')) {
      waiting.push(stage.stage);
      continue;
    }
    flush();
    if (!began) {
      rows.push([stage.stage, '–', 'in the post step']);
      continue;
    }
    const name = stage.outcome === 'failed' ? `**${stage.stage}**` : stage.stage;
    rows.push([name, stage.durationMs === null ? '–' : duration(stage.durationMs), stageResult(stage)]);
  }
  flush();
  return table(['Stage', 'Took', 'Result'], ['left', 'right', 'left'], rows);
}

function stageResult(stage: StageResult): string {
  const summary = prose(stage.summary, 160);
  if (stage.outcome === 'failed') return `❌\u00a0**failed**${summary ? `: ${summary}` : ''}`;
  if (stage.outcome === 'done') return `✅\u00a0done${summary ? `: ${summary}` : ''}`;
  if (stage.outcome === 'stopped') return `stopped${summary ? `: ${summary}` : ''}`;
  return `running${summary ? `: ${summary}` : ''}`;
}
