import { VERDICT_NAMES } from '../../lib/verdicts.ts';
import type { ArmName, Report } from '../model.ts';
import { readyMs, upMs } from '../times.ts';
import { always, type Format } from './format.ts';

/** For a Pushgateway or a textfile collector. */
export const openMetricsFormat: Format = {
  name: 'openmetrics',
  file: 'metrics.txt',
  applies: always,
  render: openMetrics,
};

/** The figures as OpenMetrics text 1.0, in base units, for a Pushgateway or a textfile collector. Ends with `# EOF`. */
export function openMetrics(report: Report): string {
  const lines: string[] = [];
  const family = (name: string, type: string, help: string, samples: [labels: string, value: number | null][]) => {
    const known = samples.filter(([, value]) => value !== null);
    if (known.length === 0) return;
    lines.push(`# TYPE ${name} ${type}`, `# HELP ${name} ${help}`);
    for (const [labels, value] of known) lines.push(`${name}${labels} ${value}`);
  };
  const { benchmark, cost, routing } = report;
  const arms = (read: (arm: ArmName) => number | null): [string, number | null][] =>
    (['one', 'all'] as const).map((arm) => [`{arm="${arm}"}`, read(arm)]);

  family(
    'llm_bench_verdict',
    // A state set of OpenMetrics is no type of the text format, which Pushgateway and textfile collector read.
    'gauge',
    'What was decided.',
    VERDICT_NAMES.map((verdict) => [`{llm_bench_verdict="${verdict}"}`, verdict === report.verdict ? 1 : 0]),
  );
  family('llm_bench_speedup_ratio', 'gauge', 'Throughput of all replicas over one, at equal load per replica.', [
    ['', benchmark?.speedup?.value ?? null],
  ]);
  family('llm_bench_speedup_ratio_lower', 'gauge', 'Lower limit of the speedup.', [
    ['', benchmark?.speedup?.low ?? null],
  ]);
  family('llm_bench_speedup_ratio_upper', 'gauge', 'Upper limit of the speedup.', [
    ['', benchmark?.speedup?.high ?? null],
  ]);
  family(
    'llm_bench_request_throughput_requests_per_second',
    'gauge',
    'Valid answers per second.',
    arms((arm) => benchmark?.arms[arm].requestsPerSecond ?? null),
  );
  family(
    'llm_bench_output_throughput_tokens_per_second',
    'gauge',
    'Output tokens per second.',
    arms((arm) => benchmark?.arms[arm].outputTokensPerSecond ?? null),
  );
  family(
    'llm_bench_success_ratio',
    'gauge',
    'Share of the requests with a valid answer.',
    arms((arm) => benchmark?.arms[arm].successRate ?? null),
  );
  family(
    'llm_bench_goodput_requests_per_second',
    'gauge',
    'Highest rate of the search at which 95 % of the requests kept the limit, open loop.',
    arms((arm) => benchmark?.goodput?.arms[arm].metPerSecond ?? null),
  );
  for (const [name, help, figures] of [
    ['request_latency', 'End to end, from the intended start, open loop.', benchmark?.latency?.e2eMs],
    ['time_to_first_token', 'From the request sent to the first token, open loop.', benchmark?.latency?.ttftMs],
    ['time_per_output_token', 'Between the tokens of an answer, open loop.', benchmark?.latency?.tpotMs],
  ] as const) {
    family(
      `llm_bench_${name}_seconds`,
      'gauge',
      help,
      (['p50', 'p95', 'p99'] as const).map((key) => [
        `{percentile="${key.slice(1)}"}`,
        figures ? figures[key].value / 1_000 : null,
      ]),
    );
  }
  family('llm_bench_prefix_cache_hit_ratio', 'gauge', 'Cached share of the prompt tokens of the routing proof.', [
    ['', routing?.hitRate?.measured ?? null],
  ]);
  family(
    'llm_bench_limit_met',
    'gauge',
    'Whether a limit that was set is met (1) or missed (0); absent where it is undecided.',
    (report.slo?.limits ?? []).map(({ name, outcome }) => [
      `{limit="${name}"}`,
      outcome === 'met' ? 1 : outcome === 'missed' ? 0 : null,
    ]),
  );
  const change = report.comparisons?.find(({ name }) => name === 'change');
  family('llm_bench_change_ratio', 'gauge', 'Throughput of the stack under test over that of the base stack.', [
    ['', change?.ratio?.value ?? null],
  ]);
  family('llm_bench_change_ratio_lower', 'gauge', 'Lower limit of that ratio.', [['', change?.ratio?.low ?? null]]);
  family('llm_bench_change_ratio_upper', 'gauge', 'Upper limit of that ratio.', [['', change?.ratio?.high ?? null]]);
  family('llm_bench_pod_ready_seconds', 'gauge', 'From the creation of the slowest replica until it was Ready.', [
    ['', seconds(readyMs(report))],
  ]);
  family('llm_bench_lease_to_ready_seconds', 'gauge', 'From the start of the lease until the stack was ready.', [
    ['', seconds(upMs(report))],
  ]);
  family('llm_bench_cost_usd', 'gauge', 'Bill of the leased nodes.', [['', cost?.usd ?? null]]);
  return `${lines.join('\n')}\n# EOF\n`;
}

const seconds = (ms: number | null) => (ms === null ? null : ms / 1_000);
