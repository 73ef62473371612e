import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SCENARIOS } from '../../lab/scenarios/scenarios.ts';
import type { Report } from '../../src/report/model.ts';
import { type E2e, MEASURED_SCALE, MINUTES, plain, type Recorded, startE2e } from './e2e.ts';
import type { StepResult } from './fake-runner.ts';

/** The flags of the scenario, `--name=value`, as inputs of the action. */
const INPUTS = Object.fromEntries(
  SCENARIOS['internal-gateway']!.flags.map((flag) => /^--([^=]+)=(.*)$/s.exec(flag)!.slice(1) as [string, string]),
);

/** Little load: the load clients share this machine with the lab and with other tests, and no figure is judged. */
const SMALL = {
  ...{ pairs: '3-3', 'pair-duration': '1s', concurrency: '2', 'target-speedup': '0.1-2.8' },
  ...{ 'latency-duration': '2s', 'goodput-slo': 'off' },
};

describe('a stack behind a gateway that the runner cannot reach: main, then post', () => {
  let e2e: E2e;
  let main: StepResult;
  let post: StepResult;
  let after: Recorded;
  let result: Report;

  beforeAll(async () => {
    e2e = await startE2e('internal-gateway', { ...INPUTS, ...SMALL }, MEASURED_SCALE);
    main = await e2e.job.main().done;
    post = await e2e.job.post().done;
    after = await e2e.record();
    result = JSON.parse(readFileSync(join(e2e.job.temp, 'tpu-serving-gate', '__self', 'result.json'), 'utf8'));
  }, 4 * MINUTES);
  afterAll(() => e2e?.stop());

  it('is measured, whatever a busy machine makes of the figures', () => {
    expect(main.log).toMatch(/^verdict +(?:pass|invalid)/m);
    expect(result.stages.find(({ stage }) => stage === 'benchmark')?.outcome).toBe('done');
    expect(post.code).toBe(0);
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

  it('leaves neither nodes nor the Job of the load clients', () => {
    expect([after.nodes, after.target]).toEqual([[], 0]);
    const removed = after.kube.filter(
      ({ method, path }) => method === 'DELETE' && path.includes('/jobs/tpu-serving-gate-load'),
    );
    expect(removed.length).toBeGreaterThan(0);
  });
});
