import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { LAB } from '../../lab/lab.ts';
import { describe as named, refOf } from '../../src/clients/kubernetes/objects.ts';
import { COMPONENTS } from '../../src/inputs/parsers/components.ts';
import { type E2e, MINUTES, plain, startE2e, UNMEASURED_SCALE } from '../e2e/e2e.ts';
import { objectsBelow } from '../unit/manifests/files.ts';
import { client, clusterWith, type Kubectl, kubectlOf, replicasOf } from './lab-cluster.ts';

/** All that go together: the others do the same for another product, or take the number of replicas from the manifests. */
const TOGETHER = COMPONENTS.filter((name) => !/^autoscaling|^monitoring-operator$|^dashboard$/.test(name));
const PRODUCTS = ['managed-prometheus', 'cert-manager'] as const;
const KINDS = [
  ...['poddisruptionbudgets.policy', 'resourcequotas', 'limitranges', 'configmaps', 'horizontalpodautoscalers'],
  ...['podmonitorings.monitoring.googleapis.com', 'rules.monitoring.googleapis.com'],
  ...['peerauthentications.security.istio.io', 'certificates.cert-manager.io', 'issuers.cert-manager.io'],
].join(',');

let e2e: E2e;
let kubectl: Kubectl;
afterEach(async () => {
  kubectl?.close();
  await e2e?.stop();
});

const objectsOf = (component: string) =>
  objectsBelow(`components/${component}`).map((object) => {
    const placed = { ...object, metadata: { namespace: LAB.namespace, ...object.metadata } };
    return named(refOf(placed));
  });
/** All objects of these components; monitoring has the dashboard in it. */
const ALL = [...TOGETHER, 'dashboard'].flatMap(objectsOf);
/** `kind/name` of what the gate has made of the kinds that only components have. */
const made = async () => {
  const { code, out, err } = await kubectl.run('get', KINDS, '-A', '-l', 'tpu-serving-gate/stack', '-o', 'name');
  expect(code, err).toBe(0);
  return out.split('\n').filter((line) => line !== '');
};
const drain = (node: string, seconds: number) =>
  kubectl.run('drain', node, '--ignore-daemonsets', '--delete-emptydir-data', `--timeout=${seconds}s`);
const ready = async (count: number) =>
  vi.waitUntil(async () => (await replicasOf(kubectl)).filter(({ isReady }) => isReady).length === count, {
    timeout: 20_000,
    interval: 200,
  });

/** An autoscaler of somebody else. */
const byHand = (deployment: string) => ({
  ...{ apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name: 'by-hand' } },
  spec: {
    ...{ minReplicas: 1, maxReplicas: 3 },
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: deployment },
  },
});

describe('a stack that stays, with components', () => {
  it(
    'has all that go together, serves while nodes are drained, loses them with the next deploy, and its nodes in the end',
    async () => {
      e2e = await startE2e(clusterWith(...PRODUCTS), {
        ...{ mode: 'deploy', comment: 'off', components: TOGETHER.join(', ') },
      });
      kubectl = kubectlOf(e2e.lab);
      const main = await e2e.job.main().done;
      expect(main.code, main.log).toBe(0);
      expect(e2e.job.outputs()).toMatchObject({ mode: 'deploy', verdict: 'pass' });
      const log = plain(main.log);
      for (const object of ALL) expect(log).toContain(`applied ${object}`);
      expect((await made()).length).toBe(ALL.length);
      expect(log).toContain('by PodDisruptionBudget vllm-replicas a drain leaves 2 of 3 replicas');
      expect(log).toMatch(/the pods (?:fit into|keep to) serving/);
      // What the mesh demands refuses neither the gateway nor the scrapes: with it the checks have read all counters.
      expect(log).toMatch(/STRICT at .*by .*strict-mtls|PERMISSIVE at .*by .*strict-mtls/);
      expect((await e2e.job.post().done).code).toBe(0);

      // A drain takes one replica, and the next one waits for its successor.
      const [first, second, third] = (await replicasOf(kubectl)).map(({ node }) => node as string) as [
        string,
        string,
        string,
      ];
      const asking = client(e2e.job.outputs().endpoint ?? '');
      expect(await drain(first, 30)).toMatchObject({ code: 0 });
      const held = await drain(second, 12);
      expect(held.code).not.toBe(0);
      expect(held.err).toContain("Cannot evict pod as it would violate the pod's disruption budget.");
      await ready(2);
      expect(asking.statuses.length).toBeGreaterThan(50);
      expect(asking.statuses.slice(-50).every((status) => status === 200)).toBe(true);
      await kubectl.run('uncordon', first);
      await ready(3);
      expect(await drain(second, 30)).toMatchObject({ code: 0 });
      await asking.stop();
      // A request that was on a replica as it ended may have failed, and none after it.
      expect(asking.statuses.filter((status) => status !== 200).length).toBeLessThanOrEqual(2);
      await kubectl.run('uncordon', second);
      await ready(3);

      // The next deploy has none of them.
      const next = e2e.otherJob(18300012346, { components: '' });
      const again = await next.main().done;
      expect(again.code, again.log).toBe(0);
      for (const object of ALL) expect(again.log).toContain(`removed ${object}`);
      expect(await made()).toEqual([]);
      expect((await next.post().done).code).toBe(0);
      // Nothing holds the drains.
      for (const node of [first, second, third]) expect(await drain(node, 30)).toMatchObject({ code: 0 });
      await ready(0);
      const alone = client(next.outputs().endpoint ?? '');
      await vi.waitUntil(() => alone.statuses.length > 5, { timeout: 20_000 });
      await alone.stop();
      expect(alone.statuses.every((status) => status !== 200)).toBe(true);

      const cleanup = e2e.otherJob(18300012347, { mode: 'cleanup', components: '' });
      expect(await cleanup.main().done).toMatchObject({ code: 0 });
      expect(await e2e.record()).toMatchObject({ target: 0, nodes: [] });
    },
    5 * MINUTES,
  );

  it(
    'leaves the number of replicas to an autoscaler, and takes it away with the stack',
    async () => {
      e2e = await startE2e(
        clusterWith(...PRODUCTS),
        { mode: 'deploy', comment: 'off', components: 'autoscaling, monitoring', nodes: '3' },
        UNMEASURED_SCALE,
        'v0.20',
      );
      kubectl = kubectlOf(e2e.lab);
      const main = await e2e.job.main().done;
      expect(main.code, main.log).toBe(0);
      expect(plain(main.log)).toContain('HorizontalPodAutoscaler vllm-replicas (1 to 3) changes the replicas');
      const target = '{.spec.scaleTargetRef.kind}/{.spec.scaleTargetRef.name}';
      const { out } = await kubectl.run('get', 'hpa', 'vllm-replicas', '-o', `jsonpath=${target}`);
      await ready(1);
      // As the autoscaler would do it; KServe leaves it so.
      expect(await kubectl.run('scale', out, '--replicas=2')).toMatchObject({ code: 0 });
      await ready(2);
      expect((await e2e.job.post().done).code).toBe(0);

      const measured = async () => {
        const job = e2e.otherJob(18300012348, { mode: 'preflight', components: '', nodes: '' });
        expect((await job.main().done).code).toBe(1);
        return job.outputs();
      };
      // An autoscaler that is deleted with the stack refuses no run. One that somebody else made does.
      expect(await measured()).toMatchObject({ verdict: 'error', cause: 'pool.kept' });
      const file = join(e2e.job.temp, 'by-hand.json');
      writeFileSync(file, JSON.stringify(byHand(out.split('/')[1] ?? '')));
      expect(await kubectl.run('create', '-f', file)).toMatchObject({ code: 0 });

      const cleanup = e2e.otherJob(18300012347, { mode: 'cleanup', components: '', nodes: '' });
      expect(await cleanup.main().done).toMatchObject({ code: 0 });
      expect(await made()).toEqual([]);
      expect(await e2e.record()).toMatchObject({ target: 0, nodes: [] });
      expect(await measured()).toMatchObject({ verdict: 'error', cause: 'manifest.replicas-autoscaled' });
    },
    3 * MINUTES,
  );
});
