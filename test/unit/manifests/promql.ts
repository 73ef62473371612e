import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parser } from '@prometheus-io/lezer-promql';
import { ROOT } from './files.ts';

/** Where metrics of the real parts are recorded, in the text format of Prometheus. */
const RECORDINGS = {
  vLLM: ['test/fixtures/vllm/metrics.txt', 'test/fixtures/vllm/metrics-two-api-servers.txt'],
  'endpoint picker': ['test/fixtures/stack/picker-metrics.txt'],
  Envoy: ['test/fixtures/stack/envoy-metrics.txt'],
};

/** The series that each part has, with the names of their labels; those of Prometheus' own are not among them. */
export function recordedSeries(): Map<string, Set<string>> {
  const series = new Map<string, Set<string>>();
  for (const file of Object.values(RECORDINGS).flat()) {
    for (const line of readFileSync(join(ROOT, file), 'utf8').split('\n')) {
      // Of most histograms the recording has no bucket, or the last one.
      const [, histogram] = /^# TYPE (\S+) histogram$/.exec(line) ?? [];
      if (histogram) series.set(`${histogram}_bucket`, new Set(['le']));
      const [, name, labels = ''] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? /.exec(line) ?? [];
      if (!name) continue;
      const known = series.get(name) ?? new Set();
      for (const [, label] of labels.matchAll(/(\w+)="/g)) known.add(label as string);
      series.set(name, known);
    }
  }
  return series;
}

export interface Selected {
  metrics: string[];
  /** `metric{label`: labels by which a metric is selected. */
  labels: { metric: string; label: string }[];
  /** Text that is no PromQL. */
  faults: string[];
}

/** What an expression reads. A variable of Grafana stands for a duration or a text. */
export function selectedBy(expression: string): Selected {
  const text = expression.replaceAll('$__rate_interval', '5m');
  const found: Selected = { metrics: [], labels: [], faults: [] };
  let metric = '';
  parser.parse(text).iterate({
    enter: ({ type, from, to }) => {
      const part = text.slice(from, to);
      if (type.isError) found.faults.push(`at ${from} of ${text}`);
      if (type.name === 'VectorSelector') metric = '';
      if (type.name === 'Identifier' && metric === '') {
        metric = part;
        found.metrics.push(part);
      }
      if (type.name === 'LabelName' && metric !== '' && text.slice(to).match(/^\s*(=|!=|=~|!~)"/)) {
        found.labels.push({ metric, label: part });
      }
    },
  });
  return found;
}
