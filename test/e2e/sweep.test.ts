import { afterEach, describe, expect, it } from 'vitest';
import { LAB } from '../../lab/lab.ts';
import { type E2e, MINUTES, startE2e, until } from './e2e.ts';
import { leaseOf } from './lease.ts';

const RUN = '18300012345/1';

let e2e: E2e;
afterEach(() => e2e?.stop());

/** A run that is killed with the nodes up, and whose post step never comes: the runner's machine is gone. */
async function lostRun(): Promise<void> {
  e2e = await startE2e('pass');
  const main = e2e.job.main();
  await until('the nodes', async () => (await e2e.pool()).nodes.length === 3);
  main.child.kill('SIGKILL');
  expect((await main.done).signal).toBe('SIGKILL');
}

const kube = (method: 'GET' | 'PATCH', body?: unknown) => leaseOf(e2e)(method, body);

const tellGithub = (status: string, minutesAgo: number) =>
  fetch(`${e2e.lab.github.controlUrl}/runs/${RUN}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ status, updatedAt: new Date(Date.now() - minutesAgo * 60_000).toISOString() }),
  });

it(
  'a sweep that may not look is red, with the command that looks again',
  async () => {
    await lostRun();
    e2e.job.env.ACTIONS_ID_TOKEN_REQUEST_TOKEN = 'of-nobody';
    const { code, log } = await e2e.job.sweep().done;
    expect(code, log).toBe(1);
    expect(log).toContain('::error title=TPU nodes may still be running::The sweep ended early: ');
    expect(log).toContain(
      `Run it again, or by hand: tpu-serving-gate sweep --project-id ${LAB.project} --location ${LAB.location} --cluster ${LAB.cluster}`,
    );
  },
  MINUTES,
);

describe('the sweeper', () => {
  it(
    'leaves a living run alone, gives the pool back when its run has ended, and says so in one issue',
    async () => {
      await lostRun();
      await tellGithub('in_progress', 0);
      const early = await e2e.job.sweep().done;
      expect(early.code, early.log).toBe(0);
      expect(early.log).toContain(
        `is held by https://github.com/${LAB.repository}/actions/runs/18300012345/attempts/1`,
      );
      expect((await e2e.record()).sizes).toEqual([`${LAB.nodePool}=3`]);

      // Its post step may still be at work.
      await tellGithub('completed', 1);
      expect((await e2e.job.sweep().done).code).toBe(0);
      expect((await e2e.record()).sizes).toHaveLength(1);

      await tellGithub('completed', 30);
      const sweep = await e2e.job.sweep().done;
      expect(sweep.code, sweep.log).toBe(0);
      const { nodes, target, sizes, issues } = await e2e.record();
      expect([nodes, target, sizes]).toEqual([[], 0, [`${LAB.nodePool}=3`, `${LAB.nodePool}=0`]]);
      expect((await kube('GET')).status).toBe(404);
      expect(issues).toHaveLength(1);
      expect(issues[0]?.body).toContain('run ended');
      expect(e2e.job.outputs()).toMatchObject({
        swept: LAB.nodePool,
        failed: '',
        'issue-url': `https://github.com/${LAB.repository}/issues/100`,
      });
      expect(e2e.job.summary('sweep')).toContain(LAB.nodePool);

      // Nothing is left to do, and it knows when it was here.
      const idle = await e2e.job.sweep().done;
      expect(idle.code).toBe(0);
      expect(idle.log).toMatch(/the sweep before this one ended \d+ min ago/);
      expect((await e2e.record()).sizes).toHaveLength(2);
      expect((await e2e.record()).issues).toHaveLength(1);
    },
    3 * MINUTES,
  );

  it(
    'gives the pool back when the lease has run out, whatever GitHub knows, and never a pool that it cannot read',
    async () => {
      await lostRun();
      const { json } = await kube('GET');
      const state = JSON.parse(json.metadata.annotations['tpu-serving-gate/lease'] as string);
      const old = new Date(Date.now() - 3_600_000).toISOString().replace('Z', '000Z');
      const annotate = (value: unknown) => ({
        metadata: { annotations: { 'tpu-serving-gate/lease': JSON.stringify(value) } },
        spec: { renewTime: old },
      });
      for (const lie of [
        { ...state, cluster: 'another-cluster' },
        { ...state, nodePool: 'default-pool' },
        { ...state, restingNodes: -1 },
      ]) {
        expect((await kube('PATCH', annotate(lie))).status).toBe(200);
        const refused = await e2e.job.sweep().done;
        // Three nodes are left under it.
        expect(refused.code, refused.log).toBe(1);
        expect(refused.log).toContain('It was left alone');
        expect((await e2e.record()).sizes).toHaveLength(1);
      }
      await kube('PATCH', annotate(state));
      expect((await e2e.job.sweep().done).code).toBe(0);
      const { nodes, target, issues } = await e2e.record();
      expect([nodes, target]).toEqual([[], 0]);
      expect(issues[0]?.body).toContain('lease ran out');

      // The run's own post step, come late, finds nothing that is its own.
      const post = await e2e.job.post().done;
      expect(post.code, post.log).toBe(0);
      expect((await e2e.record()).nodes).toEqual([]);
    },
    3 * MINUTES,
  );

  it('refuses bad inputs all at once, before any call', async () => {
    e2e = await startE2e('pass');
    Object.assign(e2e.job.inputs, { location: 'somewhere', 'poll-interval': '5' });
    const sweep = await e2e.job.sweep().done;
    expect(sweep.code).toBe(1);
    expect(sweep.log).toContain('"location" is "somewhere"');
    expect(sweep.log).toContain('"poll-interval" is "5"');
    const { gcp, kube: asked } = await e2e.record();
    expect([...gcp, ...asked]).toEqual([]);
  });
});
