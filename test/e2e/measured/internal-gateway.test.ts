import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SCENARIOS } from '../../../lab/scenarios/scenarios.ts';
import type { Report } from '../../../src/report/model.ts';
import { type E2e, MEASURED_SCALE, MINUTES, plain, type Recorded, startE2e } from '../e2e.ts';
import type { StepResult } from '../fake-runner.ts';
import { onQuietMachine } from '../quiet.ts';

/** The flags of the scenario, `--name=value`, as inputs of the action. */
const INPUTS = Object.fromEntries(
  SCENARIOS['internal-gateway']!.flags.map((flag) => /^--([^=]+)=(.*)$/s.exec(flag)!.slice(1) as [string, string]),
);

describe('a stack behind a gateway that the runner cannot reach: main, then post', () => {
  let e2e: E2e;
  let main: StepResult;
  let post: StepResult;
  let after: Recorded;
  let result: Report;

  beforeAll(async () => {
    const measure = async () => {
      const small = { pairs: '3-6', 'latency-duration': '6s', 'goodput-slo': '20s' };
      e2e = await startE2e('internal-gateway', { ...INPUTS, ...small }, MEASURED_SCALE);
      main = await e2e.job.main().done;
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
  }, 6 * MINUTES);
  afterAll(() => e2e?.stop());

  it('passes', () => {
    expect(main.log).toContain('verdict     pass');
    expect([main.code, post.code]).toEqual([0, 0]);
  });

  it('is checked through the API server, and names the place of the load with the reason', () => {
    expect(result.checks.find(({ id }) => id === 'completion')?.outcome).toBe('pass');
    expect(result.benchmark?.load).toEqual({
      ...{ from: 'cluster', asked: 'auto', clients: expect.any(Number), tunnel: 'it refuses connections' },
      reason: 'The runner cannot reach the gateway: it refuses connections.',
    });
    expect(main.log).toContain('load from inside the cluster: The runner cannot reach the gateway');
    expect(plain(after.comments.at(-1)?.body ?? '')).toMatch(/Load: from \d load clients inside the cluster/);
  });

  it('has latency, goodput and the figures of the runbook, all from the load clients', () => {
    const { benchmark, runbook } = result;
    expect(benchmark?.latency?.requests).toBeGreaterThan(0);
    expect(benchmark?.latency?.ttftMs?.p95.value).toBeGreaterThan(0);
    expect(benchmark?.goodput?.arms.all.probes).toHaveLength(3);
    expect(runbook).toMatchObject({ serial: { completed: 20 }, parallel: { completed: 100 } });
  });

  it('leaves neither nodes nor the Job of the load clients', () => {
    expect([after.nodes, after.target]).toEqual([[], 0]);
    const removed = after.kube.filter(
      ({ method, path }) => method === 'DELETE' && path.includes('/jobs/tpu-serving-gate-load'),
    );
    expect(removed.length).toBeGreaterThan(0);
  });
});
