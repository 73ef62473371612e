import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../../../src/clients/files/manifests.ts';
import type { KubeClient } from '../../../../src/clients/kubernetes/client.ts';
import { Failure } from '../../../../src/lib/failure.ts';
import { checkAutoscalers } from '../../../../src/stages/preflight/autoscalers.ts';
import type { AnyObject } from '../../../any-object.ts';
import { objectsBelow } from '../../manifests/files.ts';

const SERVICE = { apiVersion: 'x/v1', name: 'mine', namespace: 'serving', replicas: 3 };

/** The autoscaler of a component, as its kustomization leaves it. */
function shipped(component: string, spec: object = {}, annotations?: Record<string, string>): AnyObject {
  const [object] = JSON.parse(
    JSON.stringify(objectsBelow(`components/${component}`)).replaceAll('any-kserve', 'mine-kserve'),
  );
  return { ...object, metadata: { ...object.metadata, annotations }, spec: { ...object.spec, ...spec } };
}
const HPA = shipped('autoscaling');
const SCALED = shipped('autoscaling-keda');
const manifest = (object: AnyObject): Manifest => ({
  object: object as Manifest['object'],
  file: 'a.yaml',
  line: 1,
  lineOf: () => 7,
});

interface Given {
  own?: AnyObject[];
  there?: AnyObject[];
  forbidden?: boolean;
  measures?: boolean;
}

function check({ own = [], there = [], forbidden = false, measures = true }: Given) {
  const kube = {
    versionsOf: async () => ['v1alpha1'],
    list: async (_version: string, kind: string) => {
      if (forbidden) throw new Failure({ stage: 'preflight', code: 'kube-permission', message: 'forbidden' });
      return there.filter((each) => each.kind === kind);
    },
  } as unknown as KubeClient;
  return checkAutoscalers(kube, { service: SERVICE, manifests: own.map(manifest), measures });
}

describe('an autoscaler of the replicas', () => {
  it.each([
    ['HorizontalPodAutoscaler', HPA],
    ['ScaledObject', SCALED],
  ])('is refused before a run that measures: %s of the manifests', async (kind, object) => {
    await expect(check({ own: [object] })).rejects.toMatchObject({
      code: 'replicas-autoscaled',
      blame: 'change',
      message: `${kind} vllm-replicas (1 to 3 replicas) scales mine in serving: one replica is compared with a fixed number of others, so no autoscaler may change it while the pairs are measured.`,
      hint: expect.stringContaining('autoscaling.keda.sh/paused'),
      evidence: { file: 'a.yaml', line: 7 },
    });
  });

  it.each([
    ['HorizontalPodAutoscaler', HPA],
    ['ScaledObject', SCALED],
  ])('is refused where the cluster alone has it, without blame of the change: %s', async (kind, object) => {
    const failure = await check({ there: [object] }).catch((error: unknown) => error as Failure);
    expect(failure).toMatchObject({ code: 'replicas-autoscaled', message: expect.stringContaining(kind) });
    expect((failure as Failure).blame).not.toBe('change');
  });

  it('is named, and not refused, where nothing is measured', async () => {
    const { outcome, seen } = await check({ own: [HPA], measures: false });
    expect(outcome).toBeUndefined();
    expect(seen).toBe(
      'HorizontalPodAutoscaler vllm-replicas (1 to 3) changes the replicas; nothing is measured that needs a fixed number',
    );
  });

  it('passes where both of its limits are the replicas', async () => {
    const { seen } = await check({ own: [shipped('autoscaling', { minReplicas: 3 })] });
    expect(seen).toBe('HorizontalPodAutoscaler vllm-replicas (3 to 3) holds the replicas at 3');
  });

  it('passes where KEDA is paused, and its own HPA is not counted a second time', async () => {
    const paused = shipped('autoscaling-keda', {}, { 'autoscaling.keda.sh/paused': 'true' });
    const made = {
      ...HPA,
      metadata: { name: 'keda-hpa', ownerReferences: [{ kind: 'ScaledObject', name: 'vllm-replicas', uid: 'u' }] },
    };
    expect((await check({ there: [paused, made] })).seen).toBe('no autoscaler has the replicas as its target');
  });

  it('is judged as the manifests will have it, not as it is there', async () => {
    const fixed = shipped('autoscaling', { minReplicas: 3 });
    expect((await check({ own: [fixed], there: [HPA] })).seen).toContain('holds the replicas at 3');
  });

  it('passes where it has another target', async () => {
    const other = shipped('autoscaling', { scaleTargetRef: { kind: 'Deployment', name: 'other-kserve' } });
    expect((await check({ there: [other] })).seen).toBe('no autoscaler has the replicas as its target');
  });

  it('is not known where autoscalers may not be listed, and the command is stated', async () => {
    const look = await check({ forbidden: true });
    expect(look).toMatchObject({ outcome: 'not-checked', seen: 'HorizontalPodAutoscalers of serving may not be read' });
    expect(look.remedy).toContain('--resource horizontalpodautoscalers.autoscaling');
  });
});
