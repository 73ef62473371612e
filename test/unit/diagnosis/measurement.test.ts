import { describe, expect, it } from 'vitest';
import type { ClusterEvidence } from '../../../src/diagnosis/evidence.ts';
import { explain } from '../../../src/diagnosis/explain.ts';
import { Failure } from '../../../src/lib/failure.ts';
import { unmeasuredChange } from '../../../src/verdict/comparisons.ts';
import { aBenchmark } from '../report/fixtures.ts';
import { someLimits } from '../report/slo.ts';
import { aCluster, aNode, aPod, someEvidence } from './evidence.ts';

const causeOf = (...vetoes: string[]) => {
  const found = vetoes.map((id) => ({ id, message: `${id} of pod-2` }));
  const benchmark = aBenchmark(2.6, 0.03, { vetoes: found });
  return explain(someEvidence({ reported: { verdict: 'invalid', benchmark } }));
};

describe('several vetoes of one measurement', () => {
  it('are explained by the replica that refused connections, which a slow runner cannot make it do', () => {
    const found = causeOf('starved', 'replica-count', 'replica-refused', 'error-rate');
    expect(found).toMatchObject({ cause: 'measure.replica-refused', explanation: 'replica-refused of pod-2' });
  });

  it('are explained by a restart before that', () => {
    expect(causeOf('replica-refused', 'restart')?.cause).toBe('measure.replica-restarted');
  });

  it.each([
    ['work-missing', 'measure.work-missing'],
    ['foreign-work', 'measure.foreign-traffic'],
    ['busy-at-edges', 'measure.foreign-traffic'],
  ])('are explained by %s, which a slow runner does not bring about', (veto, cause) => {
    expect(causeOf('starved', 'send-lag', veto)?.cause).toBe(cause);
  });

  it('are explained by a restart before work that does not add up', () => {
    expect(causeOf('conservation', 'restart', 'foreign-work')?.cause).toBe('measure.replica-restarted');
  });
});

describe('a replica that went away', () => {
  const message = 'The replicas changed during the measurement: pod-2 went away (pair 3, all-replicas arm).';
  const explained = (change: Partial<ClusterEvidence>, ...beside: string[]) => {
    const vetoes = [{ id: 'replicas-changed', message }, ...beside.map((id) => ({ id, message: id }))];
    const benchmark = aBenchmark(2.6, 0.03, { vetoes });
    return explain(someEvidence({ cluster: aCluster(change), reported: { verdict: 'invalid', benchmark } }));
  };

  it('was removed by somebody, which is not the fault of the change', () => {
    const found = explained({}, 'replica-refused', 'replica-count', 'starved', 'error-rate');
    expect(found).toMatchObject({ cause: 'measure.replica-removed', blame: 'cluster', explanation: message });
  });

  it('before the first pair, was removed as well', () => {
    const before = 'The replicas changed before the measurement: pod-2 went away.';
    const failure = new Failure({ stage: 'benchmark', code: 'replica-gone', message: before });
    const found = explain(someEvidence({ failure, cluster: aCluster({}) }));
    expect(found).toMatchObject({ cause: 'measure.replica-removed', blame: 'cluster', explanation: before });
  });

  it('is named with the nodes that are being drained', () => {
    const found = explained({ nodes: [aNode(), aNode({ name: 'node-2', unschedulable: true })] });
    expect(found?.explanation).toBe(`${message} Nodes that take no pods, as during a drain: node-2.`);
    expect(found?.evidence).toContain('node/node-2: unschedulable');
  });

  it('was not removed where its pod ended by itself, or a process began anew', () => {
    const failed = { pods: [aPod('replica', [], { phase: 'Failed', reason: 'Evicted' })] };
    expect(explained(failed)?.cause).toBe('measure.replica-restarted');
    expect(explained({}, 'restart')?.cause).toBe('measure.replica-restarted');
  });
});

describe('a limit that is missed', () => {
  const causeWith = (verdict: 'fail' | 'invalid', ...vetoes: string[]) => {
    const found = vetoes.map((id) => ({ id, message: `${id} of pod-2` }));
    const benchmark = aBenchmark(2.6, 0.03, { vetoes: found });
    return explain(someEvidence({ reported: { verdict, benchmark, slo: someLimits('met', 'missed') } }))?.cause;
  };

  it('explains a run that it fails, also beside a measurement that was disturbed', () => {
    expect(causeWith('fail')).toBe('limit.missed');
    expect(causeWith('fail', 'starved')).toBe('limit.missed');
  });

  it('explains no other verdict', () => {
    expect(causeWith('invalid', 'starved')).toBe('measure.client-starved');
  });
});

describe('answers that are worse', () => {
  it('are not explained by what disturbed the load beside them', () => {
    const benchmark = aBenchmark(2.6, 0.03, { vetoes: [{ id: 'starved', message: 'starved' }] });
    const worse = { ...unmeasuredChange('not-measured', 'worse', 0.97), verdict: 'worse-answers' as const };
    const explained = (verdict: 'fail' | 'invalid', comparisons = [worse]) =>
      explain(someEvidence({ reported: { verdict, benchmark, comparisons } }))?.cause;
    expect(explained('fail')).toBe(undefined);
    expect(explained('invalid', [])).toBe('measure.client-starved');
  });
});
