import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LAB } from '../../lab/lab.ts';
import { type GateRun, MINUTES, type Stack, startStack } from './stack.ts';

/** Shorter than the pause in which the gate reads the counters between its groups of prompts. */
const SAMPLE_EVERY_MS = 40;
/** Requests before the groups of shared prefixes: one completion and one chat. */
const BEFORE_GROUPS = 2;
const CHECKS = [
  'health',
  'models',
  'completion',
  'chat',
  'replicas',
  'picker-engaged',
  'prefix-affinity',
  'unique-spread',
  'cache-hits',
];

/** vLLM's own counters, summed over the replicas. */
interface Counters {
  finished: number;
  queries: number;
  hits: number;
}

/**
 * Three replicas of vLLM on the CPU behind the real stack. They share the cores of this machine, so that the speedup
 * means nothing here: the verdict is not part of the test.
 */
describe('the gate on a stack whose replicas are vLLM', () => {
  let stack: Stack;
  let run: GateRun;
  const samples: Counters[] = [];

  beforeAll(async () => {
    stack = await startStack({ vllm: process.env.VLLM_ASSETS as string });
    const stop = new AbortController();
    let watching: Promise<void> | undefined;
    run = await stack.run({
      limitSeconds: 1200,
      flags: [
        // A target that replicas with two cores between them can be measured against.
        ...['--target-speedup=1', '--ready-timeout=10m'],
        // Short requests and long pairs: the picker breaks ties at random, and a few hundred prompts show no spread.
        ...['--max-tokens=8', '--pairs=6-6', '--pair-duration=80s', '--concurrency=8'],
      ],
      onLine: (line) => {
        if (line.includes('▶ 5/7')) watching ??= watch(stack, samples, stop.signal);
        if (line.includes('▶ 6/7')) stop.abort();
      },
    });
    stop.abort();
    await watching;
  }, 25 * MINUTES);
  afterAll(async () => stack?.stop());

  it('starts vLLM for each replica, with the words of the manifest', async () => {
    const log = (text: string) => samples.length > 0 && run.log.includes(text);
    expect(log('Ready'), run.log).toBe(true);
    expect(run.result.environment.modelId, run.log).toBe('Qwen/Qwen2.5-3B-Instruct');
  });

  it('passes each of the nine checks', () => {
    const checks = run.result.checks as { id: string; outcome: string; seen: string }[];
    expect(
      checks.map(({ id, outcome, seen }) => [id, outcome, outcome === 'pass' ? '' : seen]),
      run.log,
    ).toEqual(CHECKS.map((id) => [id, 'pass', '']));
  });

  it("finds vLLM's own hit rate within one point", () => {
    const { routing } = run.result as {
      routing: { hitRate: { measured: number }; sharedPrefix: { sent: number } };
    };
    // The first sample of a count: the next request has not looked anything up by then.
    const at = (finished: number) => samples.find((sample) => sample.finished === finished);
    const before = at(BEFORE_GROUPS);
    const after = at(BEFORE_GROUPS + routing.sharedPrefix.sent);
    expect([before, after], JSON.stringify(samples)).not.toContain(undefined);
    const own = (after!.hits - before!.hits) / (after!.queries - before!.queries);
    expect(own).toBeGreaterThan(0);
    expect(Math.abs(routing.hitRate.measured - own)).toBeLessThan(0.01);
  });

  it('measures, with whatever verdict, and releases the nodes', () => {
    const { stages, verdict } = run.result as { stages: { stage: string; outcome: string }[]; verdict: string };
    expect(
      stages.map(({ outcome }) => outcome),
      run.log,
    ).toEqual(stages.map(() => 'done'));
    expect(stages.map(({ stage }) => stage)).toContain('benchmark');
    expect(verdict).not.toBe('error');
    console.log(`vLLM on the CPU: verdict ${verdict} (replicas share the cores of this machine)`);
    expect(run.nodesLeft).toBe(0);
  });
});

/** Samples the counters of all replicas, at their own addresses, until the signal. */
async function watch(stack: Stack, samples: Counters[], signal: AbortSignal): Promise<void> {
  const path = `/api/v1/namespaces/${LAB.namespace}/pods?labelSelector=kserve.io/component=workload`;
  const { body } = await stack.api.ask('GET', path);
  const addresses = (body.items as { status: { podIP: string } }[]).map(({ status }) => status.podIP);
  const agent = new Agent({ connect: { rejectUnauthorized: false } });
  while (!signal.aborted) {
    const texts = await Promise.all(
      addresses.map(async (address) => {
        const answer = await request(`https://${address}:8000/metrics`, { dispatcher: agent });
        return answer.body.text();
      }),
    );
    const total = (name: string) =>
      texts
        .flatMap((text) => [...text.matchAll(new RegExp(`^vllm:${name}_total\\{.*\\} (\\S+)$`, 'gm'))])
        .reduce((sum, [, value]) => sum + Number(value), 0);
    if (signal.aborted) break;
    samples.push({
      finished: total('request_success'),
      queries: total('prefix_cache_queries'),
      hits: total('prefix_cache_hits'),
    });
    await sleep(SAMPLE_EVERY_MS);
  }
  await agent.close();
}
