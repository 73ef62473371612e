import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RealKube, startApiServer } from '../../lab/apiserver/api-server.ts';
import type { KubeClient } from '../../src/clients/kubernetes/client.ts';
import { EXAMPLES } from '../../src/lib/gate-files.ts';
import { systemClock } from '../../src/lib/poll.ts';
import type { SourceResult } from '../../src/load/source.ts';
import { createControl } from '../../src/shard/control.ts';
import { runShard } from '../../src/shard/run.ts';
import { openClusterLoad } from '../../src/stages/benchmark/cluster/cluster-load.ts';
import { loadJobRef } from '../../src/stages/benchmark/cluster/job.ts';
import type { StageContext } from '../../src/stages/context.ts';
import { removeMarked } from '../../src/stages/deploy/ownership.ts';
import { answerAfter, completion, type ModelServer, startModelServer } from '../unit/load/model-server.ts';
import { objectsOf } from '../unit/manifests/files.ts';
import { stageContext } from '../unit/stages/fakes.ts';
import { clientOf, makeNamespaces } from './client.ts';
import { type Grant, rulesIn, rulesWithout } from './permissions.ts';

const NAMESPACE = 'llm-d-inference-scheduling';
const ACCOUNT = `system:serviceaccount:${NAMESPACE}:tpu-serving-gate-load`;
const IMAGE = `docker.io/library/node:24-slim@sha256:${'a'.repeat(64)}`;
const SHARDS = 2;
const ROLES = objectsOf('rbac/load.yaml');
const GRANTS = rulesIn(ROLES).filter(({ role }) => role.metadata.name !== 'tpu-serving-gate-load-tunnel');
const title = ({ role, verb, resource, index }: Grant) =>
  `${verb} ${resource} ${(role.rules[index] as { resourceNames?: string[] }).resourceNames ?? ''} of ${role.metadata.name}`;

describe('load clients on a real API server, with the shipped roles and no others', () => {
  let kube: RealKube;
  let admin: KubeClient;
  let server: ModelServer;
  let account: string;

  beforeAll(async () => {
    kube = await startApiServer();
    admin = clientOf(kube);
    await makeNamespaces(admin, NAMESPACE, EXAMPLES.gatewayNamespace);
    server = await startModelServer(answerAfter(5, completion(16)));
    account = mkdtempSync(join(tmpdir(), 'load-account-'));
    const token = kube.tokenFor(ACCOUNT, ['system:serviceaccounts', `system:serviceaccounts:${NAMESPACE}`]);
    for (const [name, text] of Object.entries({ token, 'ca.crt': kube.caPem, namespace: NAMESPACE })) {
      writeFileSync(join(account, name), text);
    }
  });
  afterAll(async () => {
    rmSync(account, { recursive: true, force: true });
    await server?.close();
    await admin?.close();
    await kube?.stop();
  });
  beforeEach(async () => {
    for (const object of ROLES) await admin.apply(object as never, { force: true });
  });
  afterEach(async () => {
    // Without a controller manager nothing collects what belonged to the Job.
    await admin.remove(loadJobRef(NAMESPACE));
    const name = 'tpu-serving-gate-load';
    await admin.remove({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', name, namespace: NAMESPACE });
    for (const part of ['plan', 'reports', 'bundle']) {
      await admin.remove({ apiVersion: 'v1', kind: 'ConfigMap', name: `${name}-${part}`, namespace: NAMESPACE });
    }
  });

  /** A start, a block, an end and a release, as the gate and as the ServiceAccount of the load clients. */
  async function measure(limitMs = 30_000): Promise<SourceResult | { invalid: string }> {
    const gate = clientOf(kube, { accessToken: async () => kube.tokenFor(EXAMPLES.identity) });
    const inputs = { 'load-from': 'cluster', 'load-image': IMAGE, 'load-shards': String(SHARDS), 'max-tokens': '16' };
    const ending = new AbortController();
    const context: StageContext = {
      ...stageContext({ kube: gate }, inputs).context,
      ...{ clock: systemClock, loadScript: '// the program', signal: AbortSignal.timeout(limitMs) },
    };
    const controls = Array.from({ length: SHARDS }, (_, shard) =>
      createControl({ server: kube.server, account, shard }),
    );
    const pods = controls.map((control, shard) =>
      runShard({
        control: { ...control, watch: (take, signal) => control.watch(take, AbortSignal.any([signal, ending.signal])) },
        ...{ shard, shards: SHARDS, prompts: null, ceilingPerSecond: 1_000 },
      }).catch(() => {}),
    );
    const route = { endpoint: server.url, hostname: null, gateway: { namespace: 'opendatahub', name: 'gw' } };
    try {
      const load = await openClusterLoad(context, { namespace: NAMESPACE, route: route as never });
      const result = await load.run(
        { arm: 'all', block: 0, durationMs: 500, concurrency: 4, part: 'p', rampMs: 0, trimMs: 100 },
        {
          target: {
            ...{ endpoint: server.url, hostname: null, path: '/v1/completions', deadlineMs: 5_000 },
            ...{ wayHeader: 'x-way', ways: ['all'] },
          },
          workload: { runKey: 'run', model: 'm', prompts: null, promptTokens: 64, maxTokens: 16 },
        },
        context.signal,
      );
      const lease = { runKey: context.runKey, startedAt: new Date(Date.now() - 60_000).toISOString() };
      expect(await removeMarked(gate, loadJobRef(NAMESPACE), lease)).toBe('removed');
      await load.close();
      await Promise.all(pods);
      return result;
    } finally {
      ending.abort();
      await gate.close();
      await Promise.allSettled(controls.map((control) => control.close()));
    }
  }

  it('measure a block, and leave no Job', async () => {
    const { measured } = (await measure()) as SourceResult;
    expect(measured.tally.valid).toBe(measured.tally.sent);
    expect(measured.tally.sent).toBeGreaterThan(0);
    expect(await admin.get(loadJobRef(NAMESPACE))).toBeNull();
  }, 60_000);

  it.each(GRANTS.map((grant) => [title(grant), grant] as const))(
    'cannot do without %s',
    async (_title, grant) => {
      await admin.apply({ ...grant.role, rules: rulesWithout(grant.role, [grant]) } as never, { force: true });
      const { role, verb, resource } = grant;
      if (role.metadata.name === 'tpu-serving-gate-load') {
        // A load client that is refused asks again until its Job ends, and never becomes ready. Without a watch it sees
        // changes twice a second, and no clock is known well enough.
        const ending = verb === 'watch' ? { code: 'load-clocks-unknown' } : { name: 'TimeoutError' };
        await expect(measure(8_000)).rejects.toMatchObject(ending);
      } else {
        const refused = {
          code: 'kube-permission',
          message: expect.stringContaining(`cannot ${verb} resource "${resource}"`),
        };
        await expect(measure()).rejects.toMatchObject(refused);
      }
    },
    60_000,
  );

  it('may not change the plan, nor read anything else', async () => {
    const shard = clientOf(kube, { accessToken: async () => kube.tokenFor(ACCOUNT) });
    const can = (verb: string, resource: string, name?: string) =>
      shard.canI({ verb, group: '', resource, namespace: NAMESPACE, ...(name ? { name } : {}) });
    expect(await can('get', 'configmaps', 'tpu-serving-gate-load-plan')).toBe(true);
    expect(await can('patch', 'configmaps', 'tpu-serving-gate-load-plan')).toBe(false);
    expect(await can('get', 'configmaps', 'tpu-serving-gate-load-reports')).toBe(false);
    for (const verb of ['get', 'list', 'create', 'delete']) {
      expect(await can(verb, 'configmaps')).toBe(false);
      expect(await can(verb, 'secrets')).toBe(false);
      expect(await can(verb, 'pods')).toBe(false);
    }
    await shard.close();
  });
});
