import { afterEach, describe, expect, it } from 'vitest';
import { LAB } from '../../lab/lab.ts';
import { OUTPUT_NAMES } from '../../src/report/outputs.ts';
import { type E2e, MINUTES, plain, startE2e, until } from './e2e.ts';
import { leaseOf } from './lease.ts';

let e2e: E2e;
afterEach(() => e2e?.stop());

const run = (n: number) => 18300012345 + n;

describe('a stack that is deployed to stay', () => {
  it(
    'serves until its end, is left alone by runs and sweeper, gives way to Pattern 1, and goes when it is asked to',
    async () => {
      e2e = await startE2e('pass', { mode: 'deploy', comment: 'off' });
      const main = await e2e.job.main().done;
      expect(main.log).toContain('keeps 3 nodes for the stack until');
      expect(main.code).toBe(0);
      const outputs = e2e.job.outputs();
      expect(outputs).toMatchObject({ mode: 'deploy', verdict: 'pass', passed: 'true', speedup: '' });
      expect(outputs.endpoint).toMatch(/^https?:\/\//);
      expect(Date.parse(outputs['kept-until'] ?? '') - Date.now()).toBeGreaterThan(110 * MINUTES);
      const summary = plain(e2e.job.summary('main'));
      expect(summary).toMatch(/✅ Deploy passed — 3 replicas serve until \d{4}-\d\d-\d\d \d\d:\d\d UTC/);
      expect(summary).toMatch(/kept \| Nodes: 3 nodes of `tpu-v6e-pool` until .*, \*\*≈ \\?\$35\.64 an hour\*\*/);
      const post = await e2e.job.post().done;
      expect(post).toMatchObject({ code: 0, log: expect.stringContaining('keeps its nodes for the stack') });
      expect(await e2e.record()).toMatchObject({ sizes: [`${LAB.nodePool}=3`], target: 3 });
      const [first] = (await e2e.lab.record()).github.deployments;
      expect(first).toMatchObject({ environment: 'tpu-serving' });
      expect(first?.statuses.map(({ state }) => state)).toEqual(['in_progress', 'success']);
      expect(first?.statuses.at(-1)?.environmentUrl).toBe(outputs.endpoint);

      // A measurement that would have to wait beyond its limit does not begin, and touches nothing.
      const other = e2e.otherJob(run(1), { mode: 'validate' });
      expect((await other.main().done).code).toBe(1);
      expect(other.outputs()).toMatchObject({ verdict: 'error', stage: 'preflight', cause: 'pool.kept' });
      await other.post().done;
      // The run that deployed it has ended long ago, which for a sweeper is no reason.
      await fetch(`${e2e.lab.github.controlUrl}/runs/${run(0)}/1`, {
        method: 'PUT',
        body: JSON.stringify({ status: 'completed', updatedAt: new Date(Date.now() - 60 * MINUTES).toISOString() }),
      });
      expect(await e2e.job.sweep().done).toMatchObject({ code: 0, log: expect.stringContaining('keeps a stack that') });
      expect((await e2e.record()).sizes).toEqual([`${LAB.nodePool}=3`]);

      const restore = e2e.otherJob(run(2), { mode: 'restore', 'expires-in': 'never' });
      const restored = await restore.main().done;
      expect(restored.log).toContain('removed LLMInferenceService qwen2-3b-pattern3');
      expect(restored.code).toBe(0);
      expect(restore.outputs()).toMatchObject({ verdict: 'pass', mode: 'restore', 'kept-until': 'never' });
      expect((await restore.post().done).code).toBe(0);
      // What serves is Pattern 1, by its own answer.
      const models = await fetch(`${restore.outputs().endpoint}/v1/models`);
      expect([models.status, restored.log.includes('1 replica and the endpoint picker ready')]).toEqual([200, true]);
      const after = await e2e.record();
      expect(after).toMatchObject({ sizes: [`${LAB.nodePool}=3`, `${LAB.nodePool}=1`], nodes: { length: 1 } });
      const states = async () =>
        (await e2e.lab.record()).github.deployments.map(({ statuses }) => statuses.map(({ state }) => state).join());
      expect(await states()).toEqual(['in_progress,success,inactive', 'in_progress,success']);

      const look = e2e.otherJob(run(4), { mode: 'cleanup', 'dry-run': 'true' });
      expect(await look.main().done).toMatchObject({ code: 0, log: expect.stringContaining('would be released') });
      expect((await e2e.record()).nodes).toHaveLength(1);
      const cleanup = e2e.otherJob(run(3), { mode: 'cleanup' });
      expect(await cleanup.main().done).toMatchObject({ code: 0 });
      expect(cleanup.outputs()).toMatchObject({ mode: 'cleanup', verdict: 'pass' });
      expect(await e2e.record()).toMatchObject({ target: 0, nodes: [] });
      expect(await states()).toEqual(['in_progress,success,inactive', 'in_progress,success,inactive']);
      // Nothing of it was a leak.
      expect((await e2e.record()).issues).toEqual([]);
    },
    4 * MINUTES,
  );
});

describe('a stack that was to stay', () => {
  const states = async () =>
    (await e2e.lab.record()).github.deployments.map(({ statuses }) => statuses.map(({ state }) => state).join());

  it(
    'goes when its time is over, which is no leak',
    async () => {
      e2e = await startE2e('pass', { mode: 'deploy', comment: 'off' });
      expect((await e2e.job.main().done).code).toBe(0);
      await e2e.job.post().done;
      const lease = leaseOf(e2e);
      const { json } = await lease('GET');
      const state = JSON.parse(json.metadata.annotations['tpu-serving-gate/lease'] as string);
      expect(json.spec.leaseDurationSeconds).toBeGreaterThan(7_000);
      const past = new Date(Date.now() - 3 * 60 * MINUTES).toISOString();
      await lease('PATCH', {
        metadata: {
          annotations: { 'tpu-serving-gate/lease': JSON.stringify({ ...state, kept: { ...state.kept, until: past } }) },
        },
        spec: { renewTime: past.replace('Z', '000Z') },
      });
      const sweep = await e2e.job.sweep().done;
      expect(sweep.code, sweep.log).toBe(0);
      expect(await e2e.record()).toMatchObject({ target: 0, nodes: [], issues: [] });
      expect(e2e.job.summary('sweep')).toContain('time was over');
      expect(await states()).toEqual(['in_progress,success,inactive']);
    },
    2 * MINUTES,
  );

  it(
    'goes with a main that was killed on the way',
    async () => {
      e2e = await startE2e('pass', { mode: 'deploy', comment: 'off' });
      const main = e2e.job.main();
      await until('the nodes', async () => (await e2e.pool()).nodes.length === 3);
      main.child.kill('SIGKILL');
      await main.done;
      expect((await e2e.job.post().done).code).toBe(0);
      expect(await e2e.record()).toMatchObject({ target: 0, nodes: [] });
      expect(await states()).toEqual(['in_progress,error']);
    },
    2 * MINUTES,
  );

  it(
    'is only looked at in a dry run',
    async () => {
      e2e = await startE2e('pass', { mode: 'restore', 'dry-run': 'true', comment: 'off' });
      const main = await e2e.job.main().done;
      expect(main.code).toBe(0);
      expect(main.log).toContain('1 node of ct6e-standard-4t');
      expect(main.log).toContain('Service: qwen2-3b-pattern1 with 1 replica');
      expect(e2e.job.outputs()).toMatchObject({ mode: 'preflight', verdict: 'pass' });
      expect(await e2e.record()).toMatchObject({ sizes: [] });
      expect(await states()).toEqual([]);
    },
    MINUTES,
  );

  it(
    'rolls back where somebody had made Pattern 1 by hand: it is created again, and goes in the end',
    async () => {
      e2e = await startE2e('pass', { mode: 'restore', comment: 'off' });
      const main = await e2e.job.main().done;
      expect(main.code, main.log).toBe(0);
      expect(main.log).toContain('qwen2-3b-pattern1 is retired first');
      expect(await e2e.record()).toMatchObject({ sizes: [`${LAB.nodePool}=1`] });
      const cleanup = e2e.otherJob(run(1), { mode: 'cleanup', 'node-pool': LAB.nodePool });
      const { code, log } = await cleanup.main().done;
      expect(code, log).toBe(0);
      expect(log).toContain('removed LLMInferenceService qwen2-3b-pattern1 in llm-d-inference-scheduling');
      expect(await e2e.record()).toMatchObject({ target: 0, nodes: [] });
    },
    2 * MINUTES,
  );

  it(
    'is not taken away from under a run',
    async () => {
      e2e = await startE2e('pass');
      const main = e2e.job.main();
      await until('the nodes', async () => (await e2e.pool()).nodes.length === 3);
      const cleanup = e2e.otherJob(run(1), { mode: 'cleanup' });
      const { code, log } = await cleanup.main().done;
      expect([code, cleanup.outputs().verdict]).toEqual([1, 'error']);
      expect(log).toMatch(/is held by .*18300012345\/attempts\/1, which still runs\. It was left alone\./);
      expect((await e2e.record()).sizes).toEqual([`${LAB.nodePool}=3`]);
      // A cluster that is not there: an error, with every output set.
      const elsewhere = e2e.otherJob(run(2), { mode: 'cleanup', cluster: 'another' });
      expect((await elsewhere.main().done).code).toBe(1);
      expect(Object.keys(elsewhere.outputs()).sort()).toEqual([...OUTPUT_NAMES].sort());
      main.child.kill('SIGINT');
      await main.done;
      await e2e.job.post().done;
    },
    2 * MINUTES,
  );
});
