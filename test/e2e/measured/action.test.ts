import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LAB } from '../../../lab/lab.ts';
import type { Report } from '../../../src/report/model.ts';
import { OUTPUT_NAMES } from '../../../src/report/outputs.ts';
import { type E2e, MEASURED_SCALE, MINUTES, plain, type Recorded, startE2e } from '../e2e.ts';
import type { StepResult } from '../fake-runner.ts';
import { onQuietMachine } from '../quiet.ts';

/** The stack keeps them with room to spare. */
const LIMITS =
  'ttft-p95<5s, tpot-p50<1s, itl-p95<2s, e2e-p95<30s, throughput>1, success-rate>98%, hit-rate>60%, cost-per-million-tokens<$900';

describe('the built action on a healthy stack: main, then post', () => {
  let e2e: E2e;
  let main: StepResult;
  let post: StepResult;
  let between: Recorded;
  let after: Recorded;
  let result: Report;
  let comment: string;

  beforeAll(async () => {
    const measure = async () => {
      e2e = await startE2e('pass', { pairs: '3-6', 'latency-duration': '6s', slo: LIMITS }, MEASURED_SCALE);
      main = await e2e.job.main().done;
      between = await e2e.record();
      post = await e2e.job.post().done;
      after = await e2e.record();
      return JSON.parse(
        readFileSync(join(e2e.job.temp, 'tpu-serving-gate', '__self', 'result.json'), 'utf8'),
      ) as Report;
    };
    result = await onQuietMachine(
      measure,
      (report) => report,
      () => e2e.stop(),
    );
    comment = plain(after.comments[0]?.body ?? '');
  }, 3 * MINUTES);
  afterAll(() => e2e?.stop());

  it('passes', () => {
    expect(main.log).toContain('verdict     pass');
    expect([main.code, post.code]).toEqual([0, 0]);
    expect(result.verdict).toBe('pass');
  });

  it('sets every output', () => {
    const outputs = e2e.job.outputs();
    expect(Object.keys(outputs).sort()).toEqual([...OUTPUT_NAMES].sort());
    expect(outputs).toMatchObject({ verdict: 'pass', passed: 'true', cause: '', 'success-rate': '1' });
    expect(Number(outputs['speedup-low'])).toBeGreaterThan(2.5);
    expect(JSON.parse(outputs.result!)).toMatchObject({ verdict: 'pass' });
    expect(outputs.limits).toBe('met');
    // The bill so far: the nodes are still there.
    expect(Number(outputs['cost-usd'])).toBeGreaterThan(0);
    expect(outputs['comment-url']).toContain(`/pull/${LAB.pullRequest}#issuecomment-`);
  });

  it('leaves the nodes to post, which gives them back', () => {
    expect(between.nodes).toHaveLength(3);
    expect(between.sizes).toEqual([`${LAB.nodePool}=3`]);
    expect(post.log).toContain('back at its resting size of 0 nodes');
    expect(after.nodes).toEqual([]);
    expect(after.target).toBe(0);
    expect(after.sizes).toEqual([`${LAB.nodePool}=3`, `${LAB.nodePool}=0`]);
    expect(result.release).toMatchObject({ outcome: 'released', nodesLeft: 0 });
  });

  it('writes one comment: running, then the verdict, then the bill', () => {
    expect(between.comments).toHaveLength(1);
    expect(plain(between.comments[0]!.body)).toContain('✅ Pass');
    expect(plain(between.comments[0]!.body)).toContain('post step');
    expect(after.comments).toHaveLength(1);
    expect(after.comments[0]!.edits).toBeGreaterThanOrEqual(3);
    expect(comment).toContain('`tpu-v6e-pool` is at 0 nodes');
    expect(comment).toMatch(/\| \*\*≈ \$[\d.]+\*\* \| Cost: .* chip-minutes/);
    expect(comment.match(/<details/g)?.length).toBe(comment.match(/<\/details>/g)?.length);
  });

  it('removes what it applied, and the one-replica arm', () => {
    const removed = after.kube.filter(({ method }) => method === 'DELETE').map(({ path }) => path.split('?')[0]!);
    expect(removed.some((path) => path.endsWith('/llminferenceservices/qwen2-3b-pattern1'))).toBe(true);
    expect(removed.some((path) => path.endsWith('/llminferenceservices/qwen2-3b-pattern3'))).toBe(true);
    expect(removed.filter((path) => path.includes('tpu-gate-one-')).length).toBeGreaterThanOrEqual(3);
    expect(after.kube.filter(({ status }) => status >= 500)).toEqual([]);
  });

  it('removes the workload while it publishes, so that post has the nodes alone', () => {
    const removed = between.kube.filter(({ method }) => method === 'DELETE').map(({ path }) => path.split('?')[0]!);
    expect(removed.some((path) => path.endsWith('/llminferenceservices/qwen2-3b-pattern3'))).toBe(true);
    expect(main.log).toContain('removed LLMInferenceService qwen2-3b-pattern3');
    expect(post.log).not.toContain('removed LLMInferenceService');
  });

  it('states the critical path of the run, and how much longer the run was', () => {
    const { steps, pathMs, wallMs, slackMs, ratio } = result.criticalPath!;
    expect(steps.map(({ stage }) => stage)).toEqual(
      expect.arrayContaining(['preflight', 'lease', 'verify', 'benchmark']),
    );
    expect(steps.reduce((sum, { durationMs }) => sum + durationMs, 0)).toBe(pathMs);
    expect(wallMs).toBe(pathMs + slackMs);
    expect(ratio).toBeCloseTo(wallMs / pathMs, 9);
    expect(comment).toContain('the critical path of');
  });

  it('finds every limit met, and names the load at which latency was judged', () => {
    expect(result.slo?.limits.map(({ outcome }) => outcome)).toEqual(Array(8).fill('met'));
    expect(comment).toMatch(/✅ met \| \*\*Limits\*\*: 8 of 8 met; latency at [\d.]+\s?req\/s in an open loop/);
  });

  it('keeps every request of the pairs for others to judge', () => {
    const raw = readFileSync(join(e2e.job.temp, 'tpu-serving-gate', '__self', 'requests.jsonl'), 'utf8')
      .trim()
      .split('\n');
    const { one, all } = result.benchmark!.arms;
    expect(raw).toHaveLength(one.requests + all.requests);
  });

  it('says no secret anywhere', () => {
    const said = e2e.everythingSaid(main.log, post.log, comment);
    for (const secret of [e2e.lab.githubToken, e2e.lab.gcp.oidcRequestToken]) {
      expect(said.replaceAll(`::add-mask::${secret}`, '')).not.toContain(secret);
    }
    expect(said.replaceAll(/::add-mask::\S+/g, '')).not.toMatch(/ya29\.|-----BEGIN|eyJ[A-Za-z0-9_-]{20,}\.eyJ/);
  });

  describe('success criteria of Pattern 3, functional', () => {
    it('all 3 vLLM pods Running and Ready, 2/2 containers', () => {
      const replicas = result.pods.filter(({ role }) => role === 'replica');
      expect(
        replicas.map(({ readyContainers, totalContainers, phase }) => [readyContainers, totalContainers, phase]),
      ).toEqual(Array(3).fill([2, 2, 'Running']));
    });
    it('EPP scheduler deployed with scorer weights configured', () => {
      expect(result.pods.filter(({ role, state }) => role === 'endpoint-picker' && state === 'Ready')).toHaveLength(1);
      expect(result.environment.scorers).toContainEqual({ name: 'prefix-cache-scorer', weight: 3 });
    });
    it('HTTPRoute and InferencePool created by KServe and accepted by the gateway', () => {
      expect(result.plan.gateway).toBe('opendatahub/inference-gateway');
      expect(result.environment.inferencePoolGroup).toBe('inference.networking.x-k8s.io');
    });
    it('the four NetworkPolicies applied', () => {
      for (const policy of ['gateway-to-vllm', 'gateway-to-epp', 'vllm-egress', 'istio']) {
        expect(main.log).toContain(`applied NetworkPolicy allow-${policy}-pattern3`);
      }
    });
    it.each(['health', 'models', 'completion', 'chat', 'replicas'])('check "%s" passes', (id) => {
      expect(result.checks.find((check) => check.id === id)?.outcome).toBe('pass');
    });
  });

  describe('success criteria of Pattern 3, performance', () => {
    it('prefix-cache routing: a shared prefix stays on one replica, by the replicas’ own counters', () => {
      expect(result.checks.find(({ id }) => id === 'prefix-affinity')?.outcome).toBe('pass');
      const { groups } = result.routing!.sharedPrefix;
      expect(groups).toHaveLength(12);
      for (const group of groups) expect(group.map(({ requests }) => requests).sort()).toEqual([0, 0, 6]);
      const homes = new Set(groups.map((group) => group.find(({ requests }) => requests === 6)?.pod));
      expect(homes.size).toBeGreaterThan(1);
      expect(result.checks.find(({ id }) => id === 'cache-hits')?.outcome).toBe('pass');
    });
    it('latency: streamed answers of an open loop, with a first token before the last', () => {
      const { latency } = result.benchmark!;
      expect(latency).toMatchObject({ arrivals: 'poisson', errors: 0, buffered: false });
      expect(latency!.requests).toBeGreaterThan(100);
      expect(latency!.ttftMs!.p50.value).toBeLessThan(latency!.e2eMs!.p50.value);
      expect(comment).toContain('Time to first token');
    });
    it('load distribution: unique prompts are balanced over the replicas', () => {
      expect(result.checks.find(({ id }) => id === 'unique-spread')?.outcome).toBe('pass');
      expect(result.routing!.unique.sent).toBeGreaterThan(300);
    });
    it('throughput: the lower limit of the speedup exceeds 2.5', () => {
      expect(result.benchmark!.speedup!.low).toBeGreaterThan(2.5);
      expect(result.benchmark!.vetoes).toEqual([]);
    });
    it('scaling efficiency is the speedup over three replicas', () => {
      expect(result.benchmark!.efficiency!.value).toBeCloseTo(result.benchmark!.speedup!.value / 3, 10);
    });
    it('success rate: 100 % under load, in both arms', () => {
      expect([result.benchmark!.arms.one.successRate, result.benchmark!.arms.all.successRate]).toEqual([1, 1]);
    });
    it('the runbook’s own 20 and 100 requests stand beside the recorded figures', () => {
      expect(result.runbook).toMatchObject({
        serial: { requests: 20, completed: 20, recordedOneReplica: 1.89 },
        parallel: { requests: 100, completed: 100, concurrency: 10, recordedOneReplica: 7.5 },
      });
    });
  });

  describe('success criteria of Pattern 3, security', () => {
    it('vLLM is reached over TLS with KServe’s certificates', () => {
      // The replicas speak nothing else: each answer through the kubelet was one over TLS, and none needed a second way.
      const forwards = after.kube.filter(({ path }) => /\/pods\/[^/]+\/portforward\?ports=8000$/.test(path));
      expect(new Set(forwards.map(({ path }) => path)).size).toBe(3);
      expect(new Set(forwards.map(({ status }) => status))).toEqual(new Set([101]));
      expect(after.kube.filter(({ path }) => path.includes('/proxy/'))).toEqual([]);
    });
  });
});
