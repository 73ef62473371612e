import { describe, expect, it } from 'vitest';
import { explain } from '../../../src/diagnosis/explain.ts';
import { anEnvironment, aReport, checks } from '../report/fixtures.ts';
import { aContainer, aFailure, anEvent, aPod, atReady, crashed, someEvidence } from './evidence.ts';

describe('a cause', () => {
  it('shows the cloud’s own words before what was collected', () => {
    const failure = aFailure('gke-stockout', { text: 'Current errors: [GCE_STOCKOUT]', asked: 3, got: 0 });
    expect(explain(someEvidence({ failure, lines: ['a'] }))?.evidence).toEqual(['Current errors: [GCE_STOCKOUT]', 'a']);
  });

  it('that a stage has named comes before anything that the checks say', () => {
    const failure = aFailure('gke-stockout', { asked: 3, got: 0 });
    const reported = { checks: checks({ 'prefix-affinity': { outcome: 'fail' } }) };
    expect(explain(someEvidence({ failure, reported }))?.cause).toBe('gke.stockout');
  });

  it('of the change says where the manifests say so', () => {
    const evidence = atReady(
      { pods: [aPod('replica', [crashed('error: unrecognized arguments: --warp=9')])] },
      'crash-loop',
    );
    const asked: unknown[] = [];
    const found = explain({
      ...evidence,
      locate: (wanted) => {
        asked.push(wanted);
        return { file: 'deploy/service.yaml', line: 12 };
      },
    });
    expect(asked).toEqual([{ text: /--warp/ }]);
    expect(found?.locations).toEqual([{ file: 'deploy/service.yaml', line: 12, message: 'vLLM does not know a flag' }]);
  });

  it('of the cluster points at no line', () => {
    const evidence = atReady(
      { pods: [aPod('replica', [crashed('Temporary failure in name resolution')])] },
      'crash-loop',
    );
    expect(explain({ ...evidence, locate: () => ({ file: 'x', line: 1 }) })?.locations).toBeUndefined();
  });

  it('comes with what else was considered, and what excludes it', () => {
    const { considered = [] } =
      explain(atReady({ pods: [aPod('replica', [crashed('error: unrecognized arguments: --x')])] }, 'crash-loop')) ??
      {};
    expect(considered).toContainEqual({
      cause: 'No TPU capacity',
      because: '3 of 3 nodes Ready, 4 chips allocatable on each',
    });
    expect(considered).toContainEqual({
      cause: 'A NetworkPolicy',
      because: 'evaluated offline, none blocks a needed connection',
    });
  });

  it('claims nothing of what could not be read', () => {
    const evidence = atReady(
      {
        gaps: ['NetworkPolicies: forbidden'],
        nodes: [],
        pods: [aPod('replica', [crashed('error: unrecognized arguments: --x')])],
      },
      'crash-loop',
    );
    const named = explain(evidence)?.considered.map(({ cause }) => cause);
    expect(named).not.toContain('A NetworkPolicy');
    expect(named).not.toContain('No TPU capacity');
  });
});

describe('requests with one prefix on several replicas', () => {
  it('without an answer to look at: not known to be bypassed', () => {
    const report = aReport({ checks: checks({ 'prefix-affinity': { outcome: 'fail' } }) });
    if (report.routing) report.routing.pickerHeader = null;
    expect(explain({ ...someEvidence(), report })?.cause).toBe('routing.no-affinity');
  });

  it.each([
    [[{ name: 'prefix-cache-scorer', weight: 1 }], 'The prefix-cache scorer is configured, yet'],
    [[{ name: 'queue-scorer', weight: 1 }], 'has no prefix-cache scorer'],
    [[{ name: 'prefix-cache-scorer', weight: 0 }], 'has weight 0'],
    [[], 'has no prefix-cache scorer'],
    [null, 'could not be read'],
  ])('with scorers %j', (scorers, text) => {
    const report = aReport({
      environment: anEnvironment({ scorers }),
      checks: checks({ 'prefix-affinity': { outcome: 'fail' } }),
    });
    if (report.routing) report.routing.pickerHeader = { seen: 310, answers: 310 };
    expect(explain({ ...someEvidence(), report })?.explanation).toContain(text);
  });

  it.each(['inconclusive', 'not-observable', 'pass'] as const)('is no cause when the check is %s', (outcome) => {
    const report = aReport({ checks: checks({ 'prefix-affinity': { outcome } }) });
    expect(explain({ ...someEvidence(), report })).toBeNull();
  });
});

describe('what no rule knows', () => {
  it('is unknown, by the failure’s own words, with what is odd', () => {
    const evidence = atReady({
      service: {
        name: 'qwen',
        namespace: 'ns',
        generation: 2,
        observedGeneration: 2,
        conditions: [{ type: 'Ready', status: 'False', reason: 'LunarEclipse', message: 'the moon is in the way' }],
      },
      pods: [aPod('replica', [aContainer({ ready: false, log: ['waiting for the tide'] })])],
      events: [anEvent('Odd', 'it is odd')],
    });
    const found = explain(evidence);
    expect(found).toMatchObject({
      cause: 'unknown.ready-timeout',
      confidence: 'unknown',
      blame: 'change',
      explanation:
        'it failed: ready-timeout. Odd: KServe says LunarEclipse: the moon is in the way; container main is running and not ready.',
      remedy: 'Look.',
    });
    const told = found?.evidence.join('\n');
    for (const part of ['LunarEclipse: the moon is in the way', 'waiting for the tide', 'Warning Odd']) {
      expect(told).toContain(part);
    }
  });

  it('is told for a check that failed too', () => {
    const report = aReport({ checks: checks({ replicas: { outcome: 'fail', seen: '2' } }) });
    expect(explain({ ...someEvidence(), report })?.cause).toBe('unknown.replicas');
  });

  it('has at most thirty lines', () => {
    const lines = Array.from({ length: 50 }, (_, index) => `line ${index}`);
    expect(explain(someEvidence({ failure: aFailure('odd'), lines, cluster: null }))?.evidence).toHaveLength(30);
  });
});
