import { afterEach, describe, expect, it } from 'vitest';
import { LAB } from '../../lab/lab.ts';
import { type E2e, MINUTES, plain, startE2e, until } from './e2e.ts';
import { type LeaseJson, leaseOf } from './lease.ts';

const RECORD = 'tpu-serving-gate/lease';
const RUN = 'tpu-serving-gate/run';
const COMMAND = `gcloud container clusters resize ${LAB.cluster} --node-pool ${LAB.nodePool} --num-nodes 0 --location ${LAB.location} --project ${LAB.project} --quiet`;
const OTHER = { holder: `https://github.com/${LAB.repository}/actions/runs/7/attempts/1`, runKey: '7-1' };

let e2e: E2e;
afterEach(() => e2e?.stop());

/** A run that is killed with the nodes up. Returns its lease. */
async function killedRun(): Promise<LeaseJson> {
  e2e = await startE2e('pass');
  const main = e2e.job.main();
  await until('the nodes', async () => (await e2e.pool()).nodes.length === 3);
  main.child.kill('SIGKILL');
  expect((await main.done).signal).toBe('SIGKILL');
  return (await leaseOf(e2e)('GET')).json;
}

const time = (ms: number) => new Date(Date.now() + ms).toISOString().replace('Z', '000Z');

/** What others do to a lease, as merge patches of it. */
function overwrites({ metadata: { annotations } }: LeaseJson): [string, unknown][] {
  const record = JSON.parse(annotations[RECORD] ?? '');
  const annotate = (change: Record<string, string | null>) => ({ metadata: { annotations: change } });
  return [
    ['another holder', { spec: { holderIdentity: 'somebody' } }],
    ['no spec', { spec: { holderIdentity: null, renewTime: null, acquireTime: null, leaseDurationSeconds: null } }],
    ['no annotations', annotate({ [RECORD]: null, [RUN]: null })],
    [
      'a garbled record, and another run',
      annotate({ [RECORD]: annotations[RECORD]?.slice(0, 40) ?? '', [RUN]: '7-1' }),
    ],
    ['a record of another schema', annotate({ [RECORD]: JSON.stringify({ ...record, v: 2 }), [RUN]: '7-1' })],
    [
      'a run that no longer renews it',
      {
        ...annotate({ [RECORD]: JSON.stringify({ ...record, ...OTHER }), [RUN]: OTHER.runKey }),
        spec: { holderIdentity: OTHER.holder, acquireTime: time(0), renewTime: time(-3_600_000) },
      },
    ],
  ];
}

/** As the run left it. */
const restored = ({ metadata: { annotations, labels }, spec }: LeaseJson) => ({
  metadata: { annotations, labels },
  spec,
});

describe('a lease that others overwrote while nodes are left', () => {
  it(
    'makes post red, with the command and a heading, and the pool is left alone',
    async () => {
      const lease = await killedRun();
      const kube = leaseOf(e2e);
      // The unit tests have the others.
      const some = ['another holder', 'no spec', 'a garbled record, and another run', 'a run that no longer renews it'];
      for (const [how, patch] of overwrites(lease).filter(([name]) => some.includes(name))) {
        expect((await kube('PATCH', patch)).status, how).toBe(200);
        const post = await e2e.job.post().done;
        expect(post.code, `${how}: ${post.log}`).toBe(1);
        expect(post.log, how).toContain(`Run by hand: ${COMMAND}`);
        expect(post.log, how).toContain('has 3 nodes left');
        const { nodes, sizes, comments } = await e2e.record();
        expect([nodes.length, sizes], how).toEqual([3, [`${LAB.nodePool}=3`]]);
        expect(comments, how).toHaveLength(1);
        expect(plain(comments[0]!.body), how).toContain('**TPU nodes are still running** — verdict error');
        await kube('PATCH', restored(lease));
      }
      // The lease as the run left it is no obstacle.
      expect((await e2e.job.post().done).code).toBe(0);
      expect((await e2e.record()).nodes).toEqual([]);
    },
    4 * MINUTES,
  );

  it(
    'is left to the living run that took it over, and swept where only its holder was emptied and its run has ended',
    async () => {
      const lease = await killedRun();
      const kube = leaseOf(e2e);
      const record = JSON.parse(lease.metadata.annotations[RECORD] ?? '');
      const taken = {
        metadata: { annotations: { [RECORD]: JSON.stringify({ ...record, ...OTHER }), [RUN]: OTHER.runKey } },
        spec: { holderIdentity: OTHER.holder, acquireTime: time(0), renewTime: time(0) },
      };
      await kube('PATCH', taken);
      const superseded = await e2e.job.post().done;
      expect(superseded.code, superseded.log).toBe(0);
      expect(superseded.log).toContain(`was taken over by ${OTHER.holder}`);
      expect((await e2e.record()).nodes).toHaveLength(3);

      // Emptied, it still names its run in the record, and GitHub may know that this has ended.
      await kube('PATCH', restored(lease));
      const [, emptied] = overwrites(lease).find(([how]) => how === 'no spec') ?? [];
      await kube('PATCH', emptied);
      await fetch(`${e2e.lab.github.controlUrl}/runs/18300012345/1`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ status: 'completed', updatedAt: new Date(Date.now() - 1_800_000).toISOString() }),
      });
      const sweep = await e2e.job.sweep().done;
      expect(sweep.code, sweep.log).toBe(0);
      expect((await e2e.record()).nodes).toEqual([]);
    },
    3 * MINUTES,
  );

  it(
    'makes the sweeper red when it was deleted before any sweep saw it, on a machine that is lost',
    async () => {
      await killedRun();
      await leaseOf(e2e)('DELETE');
      const sweep = await e2e.job.sweep().done;
      expect(sweep.code, sweep.log).toBe(1);
      expect(sweep.log).toContain(`Run by hand: ${COMMAND}`);
      expect(sweep.log).toContain('was deleted');
      const { nodes, sizes, issues } = await e2e.record();
      expect([nodes.length, sizes, issues.length]).toEqual([3, [`${LAB.nodePool}=3`], 1]);
    },
    2 * MINUTES,
  );

  it(
    'makes the sweeper red, in one issue with the command, whether it lost labels, holder or record, or was deleted',
    async () => {
      const lease = await killedRun();
      const kube = leaseOf(e2e);
      // A sweep that sees the lease in order.
      expect((await e2e.job.sweep().done).code).toBe(0);
      const label = { 'app.kubernetes.io/managed-by': null };
      const stripped: [string, unknown] = [
        'neither labels nor annotations',
        { metadata: { labels: label, annotations: { [RECORD]: null, [RUN]: null } } },
      ];
      const endless: [string, unknown] = ['no end', { spec: { leaseDurationSeconds: 2_000_000_000 } }];
      const others = overwrites(lease).slice(0, 5);
      for (const [how, patch] of [stripped, endless, ...others]) {
        await kube('PATCH', patch);
        const sweep = await e2e.job.sweep().done;
        expect(sweep.code, `${how}: ${sweep.log}`).toBe(1);
        expect(sweep.log, how).toContain(`Run by hand: ${COMMAND}`);
        expect(e2e.job.outputs(), how).toMatchObject({ failed: LAB.nodePool });
        await kube('PATCH', restored(lease));
      }
      await kube('DELETE');
      const deleted = await e2e.job.sweep().done;
      expect(deleted.code, deleted.log).toBe(1);
      const { nodes, sizes, issues } = await e2e.record();
      expect([nodes.length, sizes]).toEqual([3, [`${LAB.nodePool}=3`]]);
      expect(issues).toHaveLength(1);
      expect(issues[0]?.body).toContain(COMMAND);
      expect(issues[0]?.body).toContain('lease overwritten');
      expect(issues[0]?.body).toContain('lease deleted');
      // The post step knows that the pool is its run's.
      expect((await e2e.job.post().done).code).toBe(0);
      expect((await e2e.record()).nodes).toEqual([]);
      const idle = await e2e.job.sweep().done;
      expect(idle.code, idle.log).toBe(0);

      // A lease that nobody can read is a warning where no node is left.
      await kube('POST', { ...restored(lease), metadata: { labels: lease.metadata.labels } });
      const warned = await e2e.job.sweep().done;
      expect(warned.code, warned.log).toBe(0);
      expect(warned.log).toContain('no node is left in its pool');
    },
    4 * MINUTES,
  );
});
