import { changeOf } from './change.ts';
import { oneLine } from './escape.ts';
import type { Report } from './model.ts';
import { compactRecord } from './record.ts';
import { worstLimit } from './slo.ts';

export const OUTPUT_NAMES = [
  'mode',
  'verdict',
  'passed',
  'stage',
  'cause',
  'blame',
  'speedup',
  'speedup-low',
  'speedup-high',
  'change',
  'change-ratio',
  'change-low',
  'change-high',
  'limits',
  'quality',
  'reused',
  'reused-run',
  'throughput-one',
  'throughput-all',
  'throughput-serial',
  'throughput-parallel',
  'latency-p50',
  'latency-p95',
  'latency-p99',
  'success-rate',
  'cache-hit-rate',
  'scaling-efficiency',
  'endpoint',
  'kept-until',
  'changed',
  'cost-usd',
  'chip-minutes',
  'regression',
  'issue-url',
  'page-path',
  'comment-url',
  'head-sha',
  'base-sha',
  'command-options',
  'result-path',
  'result',
] as const;

export type OutputName = (typeof OUTPUT_NAMES)[number];

/**
 * Every output on every path: plain numbers with a dot, unrounded so that a comparison downstream decides as the gate
 * did; empty when not known. A ratio against which a veto stands is not known.
 */
export function outputsOf(
  report: Report,
  where: { commentUrl?: string | null; resultPath?: string | null; changed?: boolean } = {},
): Record<OutputName, string> {
  const record = compactRecord(report);
  const speedup = report.reused?.speedup ?? record.speedup;
  const rates = { ...record.requestsPerSecond, ...report.reused?.requestsPerSecond };
  const change = changeOf(report);
  const ratio = change?.verdict === 'invalid' ? null : change?.ratio;
  return {
    mode: report.mode,
    verdict: record.verdict,
    passed: String(record.verdict === 'pass'),
    stage: record.stage ?? '',
    cause: record.cause ?? '',
    blame: record.blame ?? '',
    speedup: number(speedup?.value),
    'speedup-low': number(speedup?.low),
    'speedup-high': number(speedup?.high),
    change: change?.verdict ?? '',
    'change-ratio': number(ratio?.value),
    'change-low': number(ratio?.low),
    'change-high': number(ratio?.high),
    limits: worstLimit(report) ?? '',
    quality: change?.quality?.verdict ?? '',
    reused: String(report.reused !== undefined),
    'reused-run': report.reused?.run.url ?? '',
    'throughput-one': number(rates.one),
    'throughput-all': number(rates.all),
    'throughput-serial': number(rates.serial),
    'throughput-parallel': number(rates.parallel),
    'latency-p50': number(record.latencyMs?.p50),
    'latency-p95': number(record.latencyMs?.p95),
    'latency-p99': number(record.latencyMs?.p99),
    'success-rate': number(record.successRate),
    'cache-hit-rate': number(record.cacheHitRate),
    'scaling-efficiency': number(record.scalingEfficiency),
    endpoint: report.release?.outcome === 'kept' ? oneLine(report.environment.endpoint ?? '', 300) : '',
    'kept-until': report.release?.kept ? (report.release.kept.until ?? 'never') : '',
    changed: String(where.changed ?? false),
    'cost-usd': number(record.costUsd),
    'chip-minutes': number(record.chipMinutes),
    // Known in mode report alone.
    regression: '',
    'issue-url': '',
    'page-path': '',
    'comment-url': where.commentUrl ?? '',
    // Known in mode command alone.
    'head-sha': '',
    'base-sha': '',
    'command-options': '',
    'result-path': where.resultPath ?? '',
    result: JSON.stringify(record),
  };
}

function number(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '';
  const text = String(value);
  return text.includes('e') ? value.toFixed(12) : text;
}
