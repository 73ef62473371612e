import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadManifests } from '../../../../src/clients/files/manifests.ts';
import type { ClusterInfo } from '../../../../src/clients/google/gke.ts';
import type { KubeClient } from '../../../../src/clients/kubernetes/client.ts';
import type { KubeObject } from '../../../../src/clients/kubernetes/objects.ts';
import { Failure } from '../../../../src/lib/failure.ts';
import type { PreflightCheck } from '../../../../src/report/model.ts';
import { checkOffline } from '../../../../src/stages/preflight/offline.ts';
import { preflight } from '../../../../src/stages/preflight/preflight.ts';
import { preflightTable } from '../../../../src/stages/preflight/table.ts';
import type { AnyObject } from '../../../any-object.ts';
import { fakeKube, POOL, stageContext } from '../fakes.ts';

const SAMPLES = join(import.meta.dirname, '../../../fixtures/shapes');
const NAMESPACE = 'serving';

/** Lines of the table that judge the shape: of a sample that is ready, each passes or warns. */
const OF_SHAPE = [
  'service',
  'shape',
  'vllm-flags',
  'picker-config',
  'probes',
  'pool',
  'named-route',
  'filters',
  'gateway',
];

interface Expected {
  outcome: 'ready' | 'refused' | 'not-checked';
  /** Id of the line; any where it is empty. */
  line: string;
  says: string;
}

/** The first line of a sample: `# gets: refused pool | A replica of …`; then perhaps the
 * other lines that are not checked (`# also:`) and `# inputs: name=value`. */
function headOf(path: string): { expected: Expected; inputs: Record<string, string>; also: string[] } {
  const text = readFileSync(join(SAMPLES, path), 'utf8');
  const [, outcome, line = '', says = ''] = /^# gets: (\S+) ?(\S*) \| (.*)$/m.exec(text) ?? [];
  const [, more = ''] = /^# also: (.*)$/m.exec(text) ?? [];
  const [, given = ''] = /^# inputs: (.*)$/m.exec(text) ?? [];
  const inputs = given
    .split(' ')
    .flatMap((each) => (each ? [each.split(/=(.*)/s).slice(0, 2) as [string, string]] : []));
  return {
    expected: { outcome: outcome as Expected['outcome'], line, says },
    inputs: Object.fromEntries(inputs),
    also: more.split(', ').filter(Boolean),
  };
}

function deployment(name: string, namespace: string, image: string): AnyObject {
  const spec = { template: { spec: { containers: [{ name: 'manager', image }] } } };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace }, spec };
}

/** A cluster with upstream KServe, Istio and one gateway, in which nothing is served yet. */
const THERE: Record<string, AnyObject[]> = {
  Deployment: [
    deployment('llmisvc-controller-manager', 'kserve', 'kserve/llmisvc-controller:v0.20.0'),
    deployment('istiod', 'istio-system', 'istio/pilot:1.28.5'),
  ],
  Gateway: [
    {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'Gateway',
      metadata: { name: 'gw', namespace: 'infra' },
      spec: {
        gatewayClassName: 'istio',
        listeners: [{ name: 'http', protocol: 'HTTP', port: 80, allowedRoutes: { namespaces: { from: 'All' } } }],
      },
      status: { addresses: [{ value: '10.0.0.1' }], conditions: [{ type: 'Programmed', status: 'True' }] },
    },
  ],
  GatewayClass: [{ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'GatewayClass', metadata: { name: 'istio' } }],
  Namespace: [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } }],
};

function cluster(): KubeClient {
  const { kube } = fakeKube(Object.fromEntries(Object.entries(THERE).map(([kind, all]) => [kind, () => all])));
  const list = async (_version: string, kind: string, { namespace }: { namespace?: string } = {}) =>
    (THERE[kind] ?? []).filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace);
  return { ...kube, list: list as KubeClient['list'] };
}

/** What preflight makes of a sample: the whole table, and the failure that ends the run. */
async function look(path: string, given: Record<string, string>) {
  const options = { path, root: SAMPLES, namespace: NAMESPACE, env: {} };
  const manifests = await loadManifests(options);
  const { context, report } = stageContext({ kube: cluster() }, { namespace: NAMESPACE, ...given });
  const table = preflightTable((lines) => context.note({ type: 'preflight', lines }), context.signal);
  const info = { name: 'llmd', status: 'RUNNING', nodePools: [POOL], enforcesPolicies: true } as unknown as ClusterInfo;
  const failure = await (async () => {
    await checkOffline(table, manifests, context.inputs);
    table.settle();
    await preflight(context, info, manifests, [] as KubeObject[], table);
    return null;
  })().catch((error: unknown) => {
    if (error instanceof Failure) return error;
    throw error;
  });
  return { lines: report().preflight, failure };
}

const told = (lines: readonly PreflightCheck[]) => lines.map(({ id, outcome, seen }) => `${id} ${outcome}: ${seen}`);

const paths = readdirSync(SAMPLES, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.yaml'))
  .sort();

describe('manifests of KServe, llm-d and Open Data Hub', () => {
  it('are at least 25, and some of each kind get each answer', () => {
    expect(paths.length).toBeGreaterThanOrEqual(25);
    expect(new Set(paths.map((path) => path.split('/')[0]))).toEqual(new Set(['kserve', 'llm-d', 'odh']));
    const outcomes = paths.map((path) => headOf(path).expected.outcome);
    for (const outcome of ['ready', 'refused', 'not-checked'] as const) {
      expect(outcomes.filter((one) => one === outcome).length).toBeGreaterThanOrEqual(5);
    }
  });

  it.each(paths.map((path) => ({ path, ...headOf(path) })))(
    '$path: $expected.outcome $expected.line',
    async (sample) => {
      const { outcome, line, says } = sample.expected;
      const { lines, failure } = await look(sample.path, sample.inputs);
      const text = told(lines).join('\n');
      if (outcome === 'refused') {
        expect(told(lines.filter((one) => one.outcome === 'fail'))).toEqual([expect.stringContaining(says)]);
        expect(failure).toMatchObject({ blame: 'change', message: expect.stringContaining(says) });
        // One sentence, with where it is and what to do.
        expect(failure?.message).toMatch(/^[^\n]*[^.]\.$/);
        expect(failure?.hint).toMatch(/\S/);
        expect(failure?.evidence.file).toBe(sample.path);
        expect(failure?.evidence.line).toBeGreaterThan(0);
        expect(lines.find((one) => one.id === line)?.outcome).toBe('fail');
        return;
      }
      expect(failure?.message ?? null).toBeNull();
      const doubted = lines.filter(({ id }) => OF_SHAPE.includes(id)).filter((one) => one.outcome === 'not-checked');
      if (outcome === 'ready') {
        expect(told(doubted)).toEqual([]);
        expect(text).toContain(says);
      } else {
        expect(told(doubted.filter(({ id }) => id === line))).toEqual([expect.stringContaining(says)]);
        for (const id of sample.also) {
          expect(lines.find((one) => one.id === id)).toMatchObject({ id, outcome: 'not-checked' });
        }
      }
    },
  );
});
