import { describe, expect, it } from 'vitest';
import type { Evidence } from '../../../src/diagnosis/evidence.ts';
import { explain } from '../../../src/diagnosis/explain.ts';
import { Failure } from '../../../src/lib/failure.ts';
import { aRoute, atReady } from './evidence.ts';

interface Told {
  type: string;
  reason: string;
  message?: string;
  generation?: number;
}

/** A wait that ended while the service had this condition. */
function evidenceOf({ type, reason, message = 'why', generation = 1 }: Told): Evidence {
  const conditions = [{ type, status: 'False', reason, message }];
  const service = { name: 'q', namespace: 'ns', generation, observedGeneration: 1, conditions };
  return atReady({ service, pods: [], routes: [] });
}

const FORBIDDEN = 'deployments.apps is forbidden: User "system:serviceaccount:kserve:c" cannot create resource';
const INVALID = 'Deployment.apps "q" is invalid: spec.template.spec.containers[0].image: Required value';

describe('reason and message of a condition decide the cause and who acts', () => {
  it.each<[Told, string, string]>([
    [
      { type: 'SchedulerWorkloadReady', reason: 'SchedulerReconcileError', message: FORBIDDEN },
      'kserve.workload',
      'cluster',
    ],
    [
      { type: 'MainWorkloadReady', reason: 'ReconcileSingleNodeWorkloadError', message: INVALID },
      'kserve.workload',
      'change',
    ],
    [{ type: 'MainWorkloadReady', reason: 'ScalingCRDNotFound' }, 'kserve.workload', 'cluster'],
    [
      {
        type: 'WorkerWorkloadReady',
        reason: 'ReconcileMultiNodeWorkloadError',
        message: 'no matches for kind "LeaderWorkerSet"',
      },
      'kserve.workload',
      'change',
    ],
    [{ type: 'HTTPRoutesReady', reason: 'GatewayPreconditionNotMet' }, 'controller.stopped', 'cluster'],
    [{ type: 'GatewaysReady', reason: 'RefsInvalid' }, 'controller.stopped', 'change'],
    [{ type: 'InferencePoolReady', reason: 'InferencePoolFetchError' }, 'controller.stopped', 'cluster'],
    [{ type: 'InferencePoolReady', reason: 'WaitingForGateway' }, 'pool.not-accepted', 'cluster'],
    [{ type: 'MainWorkloadReady', reason: 'Stopped' }, 'controller.stopped', 'change'],
    [{ type: 'TokenizerReady', reason: 'TokenizerReconcileError' }, 'controller.stopped', 'cluster'],
    [{ type: 'GatewaysReady', reason: 'GatewayFetchError' }, 'gateway.missing', 'config'],
  ])('%j: %s, %s', (told, cause, blame) => {
    const found = explain(evidenceOf(told));
    expect([found?.cause, found?.blame]).toEqual([cause, blame]);
    const shown = [found?.explanation, ...(found?.evidence ?? [])].join('\n');
    expect(shown).toContain(told.reason);
    expect(shown).toContain(told.message ?? 'why');
  });

  it('but not those about an earlier generation', () => {
    const told = { type: 'SchedulerWorkloadReady', reason: 'SchedulerReconcileError', generation: 2 };
    expect(explain(evidenceOf(told))?.cause).toBe('unknown.ready-timeout');
  });
});

it.each([
  ['tpu-presets', 'change'],
  ['kserve-config-llm-template', 'cluster'],
])('a preset %s that does not exist is for %s', (name, blame) => {
  const message = `LLMInferenceServiceConfig "${name}" not found in namespaces [ns kserve]`;
  const evidence = evidenceOf({ type: 'PresetsCombined', reason: 'ConfigNotFound', message });
  const line = '    - name: tpu-presets';
  const locate: Evidence['locate'] = ({ text }) => (text?.test(line) ? { file: 'service.yaml', line: 7 } : null);
  const found = explain({ ...evidence, locate });
  expect([found?.cause, found?.blame]).toEqual(['kserve.presets', blame]);
  expect(found?.locations?.[0]?.line).toBe(blame === 'change' ? 7 : undefined);
});

it('a fault of another object is shown as the stage noted it', () => {
  const evidence = { object: 'Gateway infra/gw', type: 'Programmed', reason: 'Invalid', message: 'no such parameters' };
  const failure = new Failure({
    stage: 'ready',
    code: 'not-healing',
    message: 'it failed',
    blame: 'cluster',
    evidence,
  });
  const found = explain({ ...atReady({ pods: [], routes: [aRoute()] }), failure });
  expect(found).toMatchObject({
    cause: 'controller.stopped',
    blame: 'cluster',
    evidence: ['Gateway infra/gw: Programmed=False (Invalid: no such parameters)'],
  });
});
