import type { Report } from '../report/model.ts';
import type { HistoryRecord } from './record.ts';
import { environmentOf } from './record-environment.ts';
import { figuresOf } from './record-figures.ts';
import { short } from './short.ts';

/** Stages of a run, and more. */
const MOST_STAGES = 20;

/** The record of a finished run. A measurement that a veto stands against has no figures: they would draw a line. */
export function historyRecord(report: Report, series: string): HistoryRecord {
  const { run } = report;
  const change = report.comparisons?.find(({ name }) => name === 'change');
  const ratio = change?.ratio ?? null;
  return {
    v: 1,
    key: `${short(run.id, 80)}/${run.attempt}/${series}`,
    ts: report.finishedAt ?? report.startedAt,
    run: {
      ...{ id: short(run.id, 80), attempt: run.attempt, number: run.number, event: maybeShort(run.event, 40) },
      ...{ sha: maybeShort(run.sha, 64), url: maybeShort(run.url, 300) },
      ...(run.subject ? { subject: short(run.subject, 120) } : {}),
      ...(run.pullRequest === null ? {} : { pullRequest: run.pullRequest }),
    },
    series,
    ...(report.basis?.hash ? { basis: report.basis.hash } : {}),
    env: environmentOf(report),
    verdict: report.verdict,
    cause: maybeShort(report.diagnosis?.cause ?? report.failure?.code ?? null, 80),
    blame: report.diagnosis?.confidence === 'unknown' ? null : (report.diagnosis?.blame ?? null),
    target: [report.target.minSpeedup, report.target.expectedMaxSpeedup],
    m: figuresOf(report),
    ...(change ? { change: { verdict: change.verdict, ratio: ratio && [ratio.value, ratio.low, ratio.high] } } : {}),
    cost: {
      usd: report.cost?.usd ?? null,
      chipMinutes: report.cost?.chipMinutes ?? null,
      usdPerMillionTokens: report.cost?.usdPerMillionOutputTokens ?? null,
    },
    stages: report.stages
      .filter(({ durationMs }) => durationMs !== null)
      .slice(0, MOST_STAGES)
      .map(({ stage, durationMs, outcome }) => [stage, Math.round((durationMs ?? 0) / 1_000), outcome]),
  };
}

const maybeShort = (text: string | null, max: number) => (text === null ? null : short(text, max));
