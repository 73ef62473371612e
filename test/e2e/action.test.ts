import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { LAB } from '../../lab/lab.ts';
import { OUTPUT_NAMES } from '../../src/report/outputs.ts';
import { type E2e, MINUTES, plain, startE2e, until } from './e2e.ts';

let e2e: E2e;

describe('the built action, when things go wrong', () => {
  afterEach(() => e2e?.stop());

  it(
    'gives the nodes back after main was killed right after the resize',
    async () => {
      e2e = await startE2e('pass');
      // As google-github-actions/auth leaves it: a credential file, and the project in the environment.
      const file = join(e2e.job.temp, 'gha-creds.json');
      writeFileSync(file, e2e.lab.externalAccountFile);
      e2e.job.env.GOOGLE_APPLICATION_CREDENTIALS = file;
      e2e.job.env.GOOGLE_CLOUD_PROJECT = LAB.project;
      delete e2e.job.inputs['workload-identity-provider'];
      delete e2e.job.inputs['project-id'];
      const main = e2e.job.main();
      await until('the resize', async () => (await e2e.pool()).sizes.length === 1);
      main.child.kill('SIGKILL');
      expect((await main.done).signal).toBe('SIGKILL');
      // A killed step has said already that there is something to undo.
      expect(e2e.job.outputs().changed).toBe('true');

      // A later step signed in elsewhere and an expression changed its value: the lease alone says where the nodes are.
      e2e.job.env.GOOGLE_CLOUD_PROJECT = 'other-project';
      e2e.job.inputs.cluster = 'other-cluster';
      e2e.job.inputs.pairs = 'nonsense';
      const post = await e2e.job.post().done;
      expect(post.code).toBe(0);
      const { nodes, target, sizes, comments } = await e2e.record();
      expect(nodes).toEqual([]);
      expect(target).toBe(0);
      expect(sizes.at(-1)).toBe(`${LAB.nodePool}=0`);
      expect(comments).toHaveLength(1);
      expect(plain(comments[0]!.body)).toContain('killed before it had a result');
      expect(plain(e2e.job.summary('post'))).toContain('killed before it had a result');
    },
    3 * MINUTES,
  );

  it(
    'stops within the runner’s 7.5 s when it is cancelled, and post gives the nodes back',
    async () => {
      e2e = await startE2e('pass');
      const main = e2e.job.main();
      await until('the nodes', async () => (await e2e.pool()).nodes.length === 3);

      // Another run that does not wait for the pool stops, names the holder, and touches nothing.
      const other = e2e.otherJob(18300012346, { 'on-busy': 'stop', comment: 'off' });
      const stopped = await other.main().done;
      expect(stopped.code).toBe(1);
      expect(other.outputs()).toMatchObject({
        verdict: 'error',
        cause: 'pool.leased',
        blame: 'cluster',
        changed: 'false',
      });
      expect(stopped.log).toContain('/actions/runs/18300012345/attempts/1');
      expect((await other.post().done).code).toBe(0);
      expect(await e2e.record()).toMatchObject({
        sizes: [`${LAB.nodePool}=3`],
        nodes: expect.objectContaining({ length: 3 }),
      });

      const asked = Date.now();
      main.child.kill('SIGINT');
      const ended = await main.done;
      // SIGTERM follows after 7.5 s; a main that obeys the first signal never sees it.
      expect(Date.now() - asked).toBeLessThan(7_500);
      expect(ended.code).toBe(1);
      expect(e2e.job.outputs()).toMatchObject({ verdict: 'error', passed: 'false' });
      expect((await e2e.record()).sizes).toEqual([`${LAB.nodePool}=3`]);

      expect((await e2e.job.post().done).code).toBe(0);
      const { nodes, comments } = await e2e.record();
      expect(nodes).toEqual([]);
      expect(comments).toHaveLength(1);
      expect(comments[0]!.body).toContain('interrupted');
    },
    3 * MINUTES,
  );

  it(
    'is red and blames the cloud when the zone has no capacity',
    async () => {
      e2e = await startE2e('stockout');
      delete e2e.job.inputs['workload-identity-provider'];
      e2e.job.inputs['credentials-json'] = e2e.lab.serviceAccountKey;
      const main = await e2e.job.main().done;
      expect(main.code).toBe(1);
      expect(e2e.job.outputs()).toMatchObject({
        verdict: 'error',
        cause: 'gke.stockout',
        blame: 'cloud',
        stage: 'lease',
        changed: 'true',
      });
      expect(main.log).toMatch(/^::error title=error%3A .*::.*no TPU capacity/m);
      expect((await e2e.job.post().done).code).toBe(0);
      const { target, comments } = await e2e.record();
      expect(target).toBe(0);
      expect(plain(comments[0]!.body)).toContain('no TPU capacity');
      const key = JSON.parse(e2e.lab.serviceAccountKey).private_key as string;
      const secretLine = key.split('\n')[3]!;
      expect(e2e.everythingSaid(main.log).replaceAll(/::add-mask::.*/g, '')).not.toContain(secretLine);
    },
    3 * MINUTES,
  );

  it('refuses bad inputs all at once, before any call, with every output set', async () => {
    e2e = await startE2e('pass', { nodes: 'three', 'target-speedup': '2.8-2.5', runbok: 'false' });
    const main = await e2e.job.main().done;
    expect(main.code).toBe(1);
    expect(main.log.match(/^::error/gm)).toHaveLength(1);
    for (const text of ['"nodes" is "three"', '"target-speedup" is "2.8-2.5"', 'did you mean "runbook"']) {
      expect(main.log).toContain(text);
    }
    expect(Object.keys(e2e.job.outputs()).sort()).toEqual([...OUTPUT_NAMES].sort());
    expect(e2e.job.outputs()).toMatchObject({ verdict: 'error', changed: 'false' });
    const post = await e2e.job.post().done;
    expect(post.code).toBe(0);
    expect(post.log).toContain('nothing to release');
    const { gcp, kube, comments } = await e2e.record();
    expect([...gcp, ...kube, ...comments]).toEqual([]);
  });
});
