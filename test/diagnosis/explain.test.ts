import { describe, expect, it } from 'vitest';
import { explain } from '../../src/diagnosis/explain.ts';
import { RULES } from '../../src/diagnosis/rules.ts';
import { Failure } from '../../src/lib/failure.ts';
import type { Report } from '../../src/report/model.ts';
import { checkPicker } from '../../src/verdict/routing.ts';
import { anEnvironment, aReport, checks, pods } from '../report/fixtures.ts';

function failure(code: string, evidence: Record<string, unknown> = {}): Failure {
  return new Failure({
    stage: 'ready',
    code,
    message: `it failed: ${code}`,
    hint: 'Look.',
    blame: 'cluster',
    evidence,
  });
}

function causeOf(given: Failure | null, report: Report = aReport(), lines: string[] = []): string | null {
  return explain({ failure: given, report, lines })?.cause ?? null;
}

/** No affinity, and as many of the answers marked by the endpoint picker. */
function routed(seen: number, change: Partial<Report> = {}): Report {
  const report = aReport({
    checks: checks({
      'picker-engaged': checkPicker({ seen, answers: 310 }, null, 310),
      'prefix-affinity': { outcome: 'fail', seen: '4 of 10 on one replica' },
    }),
    ...change,
  });
  if (report.routing) report.routing.pickerHeader = { seen, answers: 310 };
  return report;
}

describe('a failure that a stage has named', () => {
  it.each([
    ['gke-stockout', 'gke.stockout', 'cloud', { text: '[GCE_STOCKOUT]', asked: 3, got: 2 }, '2 of 3 arrived'],
    ['gke-quota', 'gke.quota', 'config', { text: 'Quota exceeded', asked: 3, got: 0 }, '3 nodes of this kind'],
    ['gke-permission', 'gke.permission', 'config', { text: 'denied' }, 'may not do what the message names'],
    ['gke-node-permission', 'gke.node-permission', 'config', { text: 'denied', asked: 3, got: 0 }, '0 of 3 nodes'],
    ['gke-resize-failed', 'gke.resize-failed', 'cloud', { text: 'odd', asked: 3, got: 1 }, '1 of 3 nodes'],
    ['nodes-timeout', 'gke.nodes-timeout', 'cloud', { asked: 3, got: 3 }, '3 of 3 nodes had registered'],
    ['gke-api', 'gke.unavailable', 'cloud', { text: '503' }, 'failed at each of its tries'],
    ['image-not-found', 'image.not-found', 'change', { pod: 'p-1', container: 'main' }, 'container main in pod p-1'],
    [
      'image-pull-denied',
      'image.pull-denied',
      'config',
      { pod: 'p-1', container: 'main' },
      'container main of pod p-1',
    ],
    ['container-config', 'container.config', 'change', { pod: 'p-1', container: 'main' }, 'does not exist'],
    ['crash-loop', 'container.crash-loop', 'change', { pod: 'p-1', container: 'main' }, 'soon after its start'],
  ])('%s is %s, the %s', (code, cause, blame, evidence, text) => {
    const diagnosis = explain({ failure: failure(code, evidence), report: aReport(), lines: ['Warning x: y'] });
    expect(diagnosis).toMatchObject({ cause, blame, confidence: 'proven' });
    expect(diagnosis?.explanation).toContain(text);
    expect(diagnosis?.remedy).not.toBe('');
    expect(diagnosis?.evidence.at(-1)).toBe('Warning x: y');
  });

  it('shows the cloud’s own words before what was collected', () => {
    const given = failure('gke-stockout', { text: 'Current errors: [GCE_STOCKOUT]', asked: 3, got: 0 });
    expect(explain({ failure: given, report: aReport(), lines: ['a'] })?.evidence).toEqual([
      'Current errors: [GCE_STOCKOUT]',
      'a',
    ]);
  });

  it('is explained before anything that the checks say', () => {
    expect(causeOf(failure('gke-stockout', { asked: 3, got: 0 }), routed(0))).toBe('gke.stockout');
  });
});

describe('unschedulable pods', () => {
  const stuck = aReport({ pods: pods((index) => (index === 1 ? { state: 'Unschedulable' } : {})) });

  it('explain a wait that ended', () => {
    const diagnosis = explain({ failure: failure('ready-timeout'), report: stuck, lines: [] });
    expect(diagnosis).toMatchObject({ cause: 'pods.unschedulable', confidence: 'probable', blame: 'config' });
    expect(diagnosis?.explanation).toMatch(/^1 pod /);
    expect(diagnosis?.remedy).toContain('pool tpu-v6e-pool (ct6e-standard-4t)');
  });

  it.each<[string, Failure, Report]>([
    ['another failure', failure('nodes-timeout'), stuck],
    ['pods that wait for something else', failure('ready-timeout'), aReport({ pods: pods(() => ({ state: '1/2' })) })],
  ])('do not explain %s', (_, given, report) => {
    expect(causeOf(given, report)).not.toBe('pods.unschedulable');
  });
});

describe('requests with one prefix on several replicas', () => {
  it('without the picker’s mark: it is bypassed', () => {
    const diagnosis = explain({ failure: null, report: routed(0), lines: [] });
    expect(diagnosis).toMatchObject({ cause: 'routing.picker-bypassed', blame: 'cluster' });
    expect(diagnosis?.evidence).toEqual([
      'shared prefix: 4 of 10 on one replica',
      'endpoint picker: 0 of 310 answers carry its mark, which old ones leave nowhere; the gateway counts nothing for it',
      'scorers configured: prefix-cache-scorer 2, load-aware-scorer 1',
    ]);
  });

  it('by the gateway’s own counters: it is bypassed, whatever the marks say', () => {
    const picker = { requests: 0, answered: 0, connectFailures: 88 };
    const engaged = checkPicker({ seen: 0, answers: 310 }, { problem: null, proxies: 1, picker, perPod: [] }, 310);
    const report = routed(0);
    report.checks = checks({ 'picker-engaged': engaged, 'prefix-affinity': { outcome: 'fail' } });
    const found = explain({ failure: null, report, lines: [] });
    expect(found?.cause).toBe('routing.picker-bypassed');
    expect(found?.evidence.join()).toContain('88 connections to it failed');
  });

  it('with a mark on each: it was asked, so it is not bypassed', () => {
    expect(causeOf(null, routed(310))).toBe('routing.no-affinity');
  });

  it('without an answer to look at: not known to be bypassed', () => {
    const report = routed(0);
    if (report.routing) report.routing.pickerHeader = null;
    expect(causeOf(null, report)).toBe('routing.no-affinity');
  });

  it.each([
    [[{ name: 'prefix-cache-scorer', weight: 1 }], 'The prefix-cache scorer is configured, yet'],
    [[{ name: 'queue-scorer', weight: 1 }], 'has no prefix-cache scorer'],
    [[], 'has no prefix-cache scorer'],
  ])('with scorers %j', (scorers, text) => {
    const report = routed(310, { environment: anEnvironment({ scorers }) });
    expect(explain({ failure: null, report, lines: [] })?.explanation).toContain(text);
  });

  it('claims nothing of a configuration that could not be read', () => {
    const report = routed(310, { environment: anEnvironment({ scorers: null }) });
    const diagnosis = explain({ failure: null, report, lines: [] });
    expect(diagnosis?.explanation).toContain('could not be read');
    expect(diagnosis?.evidence).toContain('scorers: not readable');
  });

  it.each(['inconclusive', 'not-observable', 'pass'] as const)('is no cause when the check is %s', (outcome) => {
    const report = aReport({ checks: checks({ 'prefix-affinity': { outcome } }) });
    if (report.routing) report.routing.pickerHeader = { seen: 0, answers: 310 };
    expect(causeOf(null, report)).toBeNull();
  });
});

describe('what no rule knows', () => {
  it('is unknown, by the failure’s own words', () => {
    expect(explain({ failure: failure('kube-api'), report: aReport(), lines: ['a'] })).toMatchObject({
      cause: 'unknown.kube-api',
      confidence: 'unknown',
      blame: 'cluster',
      explanation: 'it failed: kube-api',
      remedy: 'Look.',
      evidence: ['a'],
    });
  });

  it('is nothing when nothing failed', () => {
    expect(causeOf(null)).toBeNull();
  });

  it('keeps the newest thirty lines', () => {
    const lines = Array.from({ length: 50 }, (_, index) => `line ${index}`);
    const evidence = explain({ failure: failure('kube-api'), report: aReport(), lines })?.evidence;
    expect(evidence).toHaveLength(30);
    expect(evidence?.at(-1)).toBe('line 49');
  });
});

it('names each cause once', () => {
  const causes = RULES.map(({ cause }) => cause);
  expect(new Set(causes).size).toBe(causes.length);
});
