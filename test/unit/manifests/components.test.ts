import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/clients/kubernetes/objects.ts';
import { REPOSITORY } from '../../../src/lib/version.ts';
import { guard } from '../../../src/stages/preflight/guard.ts';
import { type CrdFolder, servedSchemas } from '../../fixtures/crds.ts';
import { someInputs } from '../stages/fakes.ts';
import { type Json, MANIFESTS, objectsBelow, pattern, ROOT } from './files.ts';
import { recordedSeries, selectedBy } from './promql.ts';
import { resourceFaults } from './structural-schema.ts';

const COMPONENTS = readdirSync(join(MANIFESTS, 'components')).sort();
const HARDENING = objectsBelow('components').filter(({ kind }) => kind !== 'Component');
const groupOf = ({ apiVersion }: Json) => (apiVersion.includes('/') ? apiVersion.split('/')[0] : '');

/** Who defines the kinds of a group that Kubernetes does not have. */
const DEFINED_BY: Record<string, CrdFolder> = {
  'monitoring.googleapis.com': 'managed-prometheus',
  'monitoring.coreos.com': 'prometheus-operator',
  'security.istio.io': 'istio',
  'cert-manager.io': 'cert-manager',
  'keda.sh': 'keda',
};

describe('the definitions of other products', () => {
  const theirs = HARDENING.filter((object) => DEFINED_BY[groupOf(object)]);

  it('are there for each of their kinds', () => {
    expect(new Set(theirs.map(groupOf))).toEqual(new Set(Object.keys(DEFINED_BY)));
  });

  it.each(theirs.map((object) => [`${object.kind} ${object.metadata.name}`, object] as const))(
    'take %s',
    (_, object) => {
      const schemas = servedSchemas(DEFINED_BY[groupOf(object)]!, object.kind);
      const [, version] = object.apiVersion.split('/');
      expect(Object.keys(schemas)).toContain(version);
      expect(resourceFaults(schemas[version], object)).toEqual([]);
    },
  );
});

/** A component as its kustomization leaves it, with the name of the service. */
function named(component: string): KubeObject[] {
  const text = JSON.stringify(objectsBelow(`components/${component}`)).replaceAll(
    /"any(-kserve)?"/g,
    '"qwen2-3b-pattern3$1"',
  );
  const placed = (object: Json) => ({
    ...object,
    metadata: { namespace: 'llm-d-inference-scheduling', ...object.metadata },
  });
  return (JSON.parse(text) as Json[]).map(placed);
}

describe('the guard', () => {
  const readme = readFileSync(join(ROOT, 'docs/hardening.md'), 'utf8');
  const listed = COMPONENTS.filter((name) => readme.includes(`| \`${name}\` |`));
  const inputs = {
    'allowed-references': ['redhat-pull-secret', 'hf-token', 'inference-gateway-sa-metrics-reader-secret']
      .map((name) => `Secret/${name}`)
      .join(', '),
    'allowed-namespaces': 'opendatahub',
  };
  const found = (component: string, kinds: string) => {
    const manifests = [...pattern('pattern3'), ...named(component)].map((object) => ({
      object: { ...object, metadata: { namespace: 'llm-d-inference-scheduling', ...object.metadata } },
      file: 'm.yaml',
      line: 1,
    }));
    const policy = someInputs({ ...inputs, 'allowed-kinds': `LLMInferenceService, NetworkPolicy${kinds}` }).guard;
    return guard(manifests, policy);
  };

  it('has every component of the page', () => {
    const others = ['default-deny', 'envoyfilter', 'upstream-kserve'];
    expect(listed).toEqual(COMPONENTS.filter((name) => !others.includes(name)));
  });

  it.each(listed)(
    'takes %s where the kinds are allowed that the page names, and refuses it by kind elsewhere',
    (name) => {
      const row = readme.split('\n').find((line) => line.startsWith(`| \`${name}\` |`)) ?? '';
      const allowed = [...(row.split('|')[2] ?? '').matchAll(/`(\w+)`/g)];
      expect(allowed.length).toBeGreaterThan(0);
      expect(found(name, allowed.map(([, kind]) => `, ${kind}`).join(''))).toEqual([]);
      expect(new Set(found(name, '').map(({ rule }) => rule))).toEqual(new Set(['kind']));
    },
  );
});

interface Rule {
  alert: string;
  expr: string;
  annotations: Record<string, string>;
}

const rulesOf = (component: string): Rule[] =>
  objectsBelow(`components/${component}`)
    .filter(({ kind }) => /Rule/.test(kind))
    .flatMap(({ spec }) => spec.groups.flatMap(({ rules }: Json) => rules));

const [CONFIG_MAP] = objectsBelow('components/dashboard');
const DASHBOARD: Json = JSON.parse(CONFIG_MAP.data['tpu-serving.json']);
const PANELS: Json[] = DASHBOARD.panels.filter(({ type }: Json) => type !== 'row');

const EXPRESSIONS: [string, string][] = [
  ...['monitoring', 'monitoring-operator', 'monitoring-gateway'].flatMap((component) =>
    rulesOf(component).map(({ alert, expr }): [string, string] => [`${component}: ${alert}`, expr]),
  ),
  ...PANELS.flatMap(({ title, targets }) =>
    targets.map(({ expr, refId }: Json): [string, string] => [`${title} ${refId}`, expr]),
  ),
  ...DASHBOARD.templating.list.flatMap(({ name, definition }: Json): [string, string][] =>
    definition ? [[`variable ${name}`, /^label_values\((.*), \w+\)$/.exec(definition)?.[1] ?? '']] : [],
  ),
  ...objectsBelow('components/autoscaling-keda').flatMap(({ spec }): [string, string][] =>
    spec.triggers.map(({ metadata }: Json) => ['trigger of KEDA', metadata.query]),
  ),
];

/** Prometheus adds these to what it scrapes. */
const ADDED = new Set(['namespace', 'pod', 'container', 'le']);

describe('every expression', () => {
  const series = recordedSeries();

  it.each(EXPRESSIONS)('is PromQL, and reads what a real part was recorded to have: %s', (_, expression) => {
    const { metrics, labels, faults } = selectedBy(expression);
    expect(faults).toEqual([]);
    expect(metrics.length).toBeGreaterThan(0);
    expect(metrics.filter((name) => !series.has(name))).toEqual([]);
    expect(labels.filter(({ metric, label }) => !ADDED.has(label) && !series.get(metric)?.has(label))).toEqual([]);
  });

  it('is more than 40, and a name that no part has is found', () => {
    expect(EXPRESSIONS.length).toBeGreaterThan(40);
    expect(series.has('vllm:gpu_cache_usage_perc')).toBe(false);
    expect(selectedBy('sum(rate(a:b{c="d"}[5m])) / e').metrics).toEqual(['a:b', 'e']);
    expect(selectedBy('sum(rate(a{c="d"}[5m]))').labels).toEqual([{ metric: 'a', label: 'c' }]);
    expect(selectedBy('sum(').faults).not.toEqual([]);
  });

  it('of the autoscaler is the metric of vLLM under the name that the adapter of Google has for it', () => {
    const [hpa] = objectsBelow('components/autoscaling');
    const [, metric, kind] = hpa.spec.metrics[0].pods.metric.name.split('|');
    expect(series.has(metric)).toBe(true);
    const recorded = readFileSync(join(ROOT, 'test/fixtures/vllm/metrics.txt'), 'utf8');
    expect(recorded).toContain(`# TYPE ${metric} ${kind}\n`);
  });
});

describe('the alerts', () => {
  it('are the same for both kinds of Prometheus', () => {
    expect(rulesOf('monitoring-operator')).toEqual(rulesOf('monitoring'));
  });

  it('lead to a section of the runbook each, which names them', () => {
    const page = readFileSync(join(ROOT, 'docs/hardening.md'), 'utf8');
    const sections = [...page.matchAll(/^### (.+)$/gm)].map(([, title = '']) => title);
    for (const { alert, annotations } of [...rulesOf('monitoring'), ...rulesOf('monitoring-gateway')]) {
      const [address, anchor] = annotations.runbook_url!.split('#');
      expect(address).toBe(`https://github.com/${REPOSITORY}/blob/main/docs/hardening.md`);
      expect(sections.map((title) => title.toLowerCase().replaceAll(' ', '-'))).toContain(anchor);
      expect(page).toContain(`\`${alert}\``);
    }
  });
});

describe('the dashboard', () => {
  it('is small enough for a ConfigMap, and has one panel of an id', () => {
    expect(CONFIG_MAP.data['tpu-serving.json'].length).toBeLessThan(900 * 1024);
    const ids = DASHBOARD.panels.map(({ id }: Json) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('has panels for replicas, picker and gateway that do not overlap', () => {
    const rows = DASHBOARD.panels.filter(({ type }: Json) => type === 'row').map(({ title }: Json) => title);
    expect(rows).toEqual(['Replicas', 'Endpoint picker', 'Gateway']);
    const cells = DASHBOARD.panels.flatMap(({ gridPos: { x, y, w, h } }: Json) =>
      Array.from({ length: w * h }, (_, n) => `${x + (n % w)},${y + Math.floor(n / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(Math.max(...DASHBOARD.panels.map(({ gridPos: { x, w } }: Json) => x + w))).toBe(24);
  });

  it('asks its one data source in every target, and writes a legend', () => {
    for (const { datasource, targets } of PANELS) {
      for (const each of [{ datasource, legendFormat: 'x' }, ...targets]) {
        // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of Grafana
        expect(each.datasource).toEqual({ type: 'prometheus', uid: '${datasource}' });
        expect(each.legendFormat).not.toBe('');
      }
    }
  });
});
