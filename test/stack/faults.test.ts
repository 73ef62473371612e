import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { LAB } from '../../lab/lab.ts';
import { type GateRun, MINUTES, type Stack, startStack } from './stack.ts';

const READY = '▶ 4/7';
const VERIFY = '▶ 5/7';

describe('the gate on a stack of real parts of which one fails', () => {
  let stack: Stack;
  const undo: (() => unknown)[] = [];

  beforeAll(async () => {
    stack = await startStack();
  }, 4 * MINUTES);
  afterEach(async () => {
    for (const each of undo.splice(0).reverse()) await each();
  });
  afterAll(async () => stack?.stop());

  /** Ended in time, with its nodes released; returns the cause. */
  function endedWithin(seconds: number, run: GateRun): string {
    expect(run.nodesLeft, run.log).toBe(0);
    expect(run.seconds, run.log).toBeLessThan(seconds);
    expect(run.result.verdict, run.log).not.toBe('pass');
    return run.result.diagnosis?.cause ?? 'none';
  }

  it('names a picker that is killed whenever it starts', async () => {
    let killing: NodeJS.Timeout | undefined;
    undo.push(() => clearInterval(killing));
    const kill = async () => {
      for (const { pid } of await stack.programs('endpoint-picker')) process.kill(pid, 'SIGKILL');
    };
    const run = await stack.run({
      onLine: (line) => {
        if (line.includes(VERIFY)) killing ??= setInterval(() => void kill().catch(() => {}), 100);
      },
    });
    expect(endedWithin(120, run), run.log).toBe('picker.down');
    expect(run.result.verdict).toBe('fail');
  });

  /** Somebody's EnvoyFilter, until the end of the test; the status of its creation. */
  async function bypassPicker(namespace: string): Promise<number> {
    const path = `/apis/networking.istio.io/v1alpha3/namespaces/${namespace}/envoyfilters`;
    undo.push(() => stack.api.ask('DELETE', `${path}/without-picker`));
    const filter = { ...WITHOUT_PICKER, metadata: { name: 'without-picker', namespace } };
    return (await stack.api.ask('POST', path, filter)).status;
  }

  it.each([
    ['its own', LAB.gateway.namespace],
    ['Istio’s', 'istio-system'],
  ])(
    'refuses a gateway that does not ask the picker, by a filter of %s namespace, before it pays for nodes',
    async (_, namespace) => {
      expect(await bypassPicker(namespace)).toBe(201);
      const run = await stack.run();
      expect(endedWithin(30, run), run.log).toBe('routing.envoyfilter');
      expect(run.result.verdict).toBe('error');
      expect(run.log).not.toContain('resize');
    },
  );

  it('fails a gateway that no longer asks the picker once the nodes are there', async () => {
    let bypassed: Promise<number> | undefined;
    const run = await stack.run({
      onLine: (line) => {
        // Istio applies the filters of its own namespace to every gateway.
        if (line.includes(READY)) bypassed ??= bypassPicker('istio-system');
      },
    });
    expect(await bypassed).toBe(201);
    expect(endedWithin(120, run), run.log).toMatch(/^routing\.(?:picker-bypassed|envoyfilter)$/);
    expect(run.result.verdict).toBe('fail');
    const checks = run.result.checks as { id: string; outcome: string }[];
    expect(checks.find(({ id }) => id === 'picker-engaged')?.outcome).toBe('fail');
  });

  it("names the reason of KServe's controller that cannot go on", async () => {
    const path = '/apis/rbac.authorization.k8s.io/v1/clusterroles/kserve-llmisvc-manager-role';
    const { body: role } = await stack.api.ask('GET', path);
    const patch = (rules: unknown) => stack.api.ask('PATCH', path, { rules }, 'application/merge-patch+json');
    undo.push(() => patch(role.rules));
    const reads = ['get', 'list', 'watch'];
    await patch(
      (role.rules as { resources?: string[]; verbs: string[] }[]).map((rule) =>
        rule.resources?.includes('inferencepools') ? { ...rule, verbs: reads } : rule,
      ),
    );
    const run = await stack.run();
    endedWithin(120, run);
    expect(run.result.verdict).toBe('error');
    expect(run.comment).toContain('SchedulerReconcileError');
  });

  it('ends in three minutes when the gateway hangs', async () => {
    let stopped: number | undefined;
    undo.push(() => stopped && process.kill(stopped, 'SIGCONT'));
    const hang = async () => {
      const [envoy] = await stack.programs('/proxyv2:');
      stopped = envoy!.pid;
      process.kill(stopped, 'SIGSTOP');
    };
    const run = await stack.run({ onLine: (line) => line.includes(VERIFY) && void hang() });
    expect(stopped).toBeDefined();
    endedWithin(180, run);
    expect(run.comment).toMatch(/gateway/i);
  });
});

/** Somebody's EnvoyFilter that switches the external processor off on every route of the gateway. */
const WITHOUT_PICKER = {
  apiVersion: 'networking.istio.io/v1alpha3',
  kind: 'EnvoyFilter',
  spec: {
    workloadSelector: { labels: { 'gateway.networking.k8s.io/gateway-name': LAB.gateway.name } },
    configPatches: [
      {
        applyTo: 'HTTP_ROUTE',
        match: { context: 'GATEWAY' },
        patch: {
          operation: 'MERGE',
          value: {
            typed_per_filter_config: {
              'envoy.filters.http.ext_proc': {
                '@type': 'type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute',
                disabled: true,
              },
            },
          },
        },
      },
    ],
  },
};
