import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GATE_USER } from '../../lab/apiserver/roles.ts';
import type { LabRecord } from '../../lab/lab.ts';
import { onQuietMachine } from '../e2e/quiet.ts';
import { type GateRun, MINUTES, type Stack, startStack } from './stack.ts';

describe('the gate on a healthy stack of real parts', () => {
  let stack: Stack;
  let run: GateRun;
  let record: LabRecord;

  beforeAll(async () => {
    stack = await startStack();
    run = await onQuietMachine(
      () => stack.run(),
      ({ result }) => result,
    );
    record = await stack.record();
  }, 6 * MINUTES);
  afterAll(async () => stack?.stop());

  it('goes from preflight to release and passes', () => {
    const { stages } = run.result as { stages: { stage: string; outcome: string }[] };
    expect(stages.map(({ stage, outcome }) => [stage, outcome])).toEqual(
      ['preflight', 'lease', 'deploy', 'ready', 'verify', 'benchmark', 'release'].map((stage) => [stage, 'done']),
    );
    expect([run.result.verdict, run.code], run.log).toEqual(['pass', 0]);
  });

  it('finds every routing check passed: Envoy asked the picker, which kept prefixes together', () => {
    const ids = ['picker-engaged', 'prefix-affinity', 'unique-spread', 'cache-hits'];
    const all = run.result.checks as { id: string; outcome: string; seen: string }[];
    const checks = all.filter(({ id }) => ids.includes(id));
    expect(checks.map(({ id, outcome, seen }) => [id, outcome, outcome === 'pass' ? '' : seen])).toEqual(
      ids.map((id) => [id, 'pass', '']),
    );
  });

  it("finds KServe's controller where upstream has it", () => {
    expect(run.log).toMatch(/KServe: .*v0\.20/);
    expect(run.log).not.toContain('no controller found');
  });

  it('releases all nodes, and nothing that it made is left', async () => {
    expect(run.nodesLeft).toBe(0);
    const namespace = '/namespaces/llm-d-inference-scheduling';
    for (const path of [
      `/apis/serving.kserve.io/v1alpha2${namespace}/llminferenceservices`,
      `/apis/gateway.networking.k8s.io/v1${namespace}/httproutes`,
      `/apis/networking.istio.io/v1${namespace}/destinationrules`,
      `/apis/networking.k8s.io/v1${namespace}/networkpolicies`,
    ]) {
      const items = async () => (await stack.api.ask('GET', path)).body.items.length;
      await expect.poll(items, { timeout: 20_000, message: path }).toBe(0);
    }
  });

  it('has asked for nothing that its roles do not grant, and the lab for nothing that the API server refuses', () => {
    const refused = record.kube.requests.filter(({ user, status }) => user === GATE_USER && status === 403);
    expect(refused.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
    expect(record.kube.refusedWrites).toEqual([]);
  });

  it('Envoy took every resource that istiod sent', async () => {
    const [istiod] = await stack.programs('/pilot:');
    expect(istiod).toBeDefined();
    const path = `/api/v1/namespaces/${istiod!.namespace}/pods/${istiod!.pod}/log?container=${istiod!.container}`;
    const { body } = await stack.api.ask('GET', path);
    expect(String(body)).toContain('ADS: new delta connection');
    expect(
      String(body)
        .split('\n')
        .filter((line) => line.includes('ACK ERROR')),
    ).toEqual([]);
  });
});
