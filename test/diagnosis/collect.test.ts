import { describe, expect, it } from 'vitest';
import type { KubeClient } from '../../src/clients/kube.ts';
import { collectEvidence } from '../../src/diagnosis/collect.ts';
import { Failure } from '../../src/lib/failure.ts';
import { aReport, pods } from '../report/fixtures.ts';

const [first] = pods(() => ({}));
const POD = first?.name ?? '';
const report = aReport({ pods: pods((index) => (index === 0 ? { state: 'CrashLoopBackOff' } : {})) });
const crash = new Failure({
  stage: 'ready',
  code: 'crash-loop',
  message: 'it crashes',
  evidence: { pod: POD, container: 'main' },
});

function event(pod: string, message: string, change: Record<string, unknown> = {}) {
  return { type: 'Warning', reason: 'BackOff', message, involvedObject: { kind: 'Pod', name: pod }, ...change };
}

function cluster(answers: { events?: unknown[]; log?: string; error?: Error }): KubeClient {
  return {
    list: () => (answers.error ? Promise.reject(answers.error) : Promise.resolve(answers.events ?? [])),
    logs: () => Promise.resolve(answers.log ?? ''),
  } as unknown as KubeClient;
}

describe('evidence', () => {
  it('is the warnings of the pods concerned and the last lines of the container', async () => {
    const kube = cluster({
      events: [
        event(POD, 'Back-off restarting failed container', { count: 4 }),
        event(POD, 'Pulled', { type: 'Normal' }),
        event('somebody-else', 'Back-off'),
      ],
      log: 'loading\nerror: unrecognized arguments\n',
    });
    expect(await collectEvidence(kube, report, crash)).toEqual([
      `Warning BackOff ×4 pod/${POD}: Back-off restarting failed container`,
      'main: loading',
      'main: error: unrecognized arguments',
    ]);
  });

  it('is not looked for when no pod is odd', async () => {
    const kube = cluster({ error: new Error('must not be asked') });
    const failure = new Failure({ stage: 'lease', code: 'gke-stockout', message: 'no capacity' });
    expect(await collectEvidence(kube, aReport(), failure)).toEqual([]);
  });

  it('is bounded', async () => {
    const events = Array.from({ length: 100 }, (_, index) => event(POD, `${index} ${'x'.repeat(9_000)}`));
    const lines = await collectEvidence(cluster({ events, log: 'y'.repeat(9_000) }), report, crash);
    expect(lines).toHaveLength(13);
    expect(Math.max(...lines.map(({ length }) => length))).toBe(500);
    expect(lines[11]).toContain(': 99 x');
  });

  it('does not hide the failure when the cluster cannot be asked', async () => {
    const kube = cluster({ error: new Error('connection reset') });
    expect(await collectEvidence(kube, report, crash)).toEqual([
      '(the cluster could not be asked for events and logs)',
    ]);
  });
});
