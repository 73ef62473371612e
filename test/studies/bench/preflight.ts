import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Report } from '../../../src/report/model.ts';
import { startWholeWorld } from '../../faults/whole-world.ts';
import type { Findings } from './findings.ts';
import { freshDist } from './fresh-dist.ts';
import { median } from './rounds.ts';

/**
 * What preflight asks of Google Cloud, GitHub and Kubernetes, and how long it takes where each answer takes 50 ms. The lab
 * answers, through proxies that wait; only registries, which are asked beside everything else, answer at once.
 */
const ANSWER_MS = 50;
const ROUNDS = 3;

interface Look {
  stageMs: number;
  stepMs: number;
  requests: Record<'google' | 'kube' | 'github', string[]>;
}

export async function measurePreflight({ found, note }: Findings): Promise<void> {
  const dist = await freshDist();
  const world = await startWholeWorld();
  try {
    const looks: Look[] = [];
    for (let round = 0; round < ROUNDS; round += 1) looks.push(await look(world, dist));
    const [{ requests } = { requests: { google: [], kube: [], github: [] } }] = looks;
    for (const [server, sent] of Object.entries(requests)) note(`requests to ${server}: ${sent.length}`);
    for (const request of requests.kube) note(`  ${request}`);
    found('preflight-requests', requests.kube.length);
    // Reviews of rights differ by their bodies alone.
    const reads = requests.kube.filter((request) => request.startsWith('GET '));
    found('preflight-repeated', reads.length - new Set(reads).size);
    note(`the whole step: ${(median(looks.map(({ stepMs }) => stepMs)) / 1_000).toFixed(2)} s`);
    found('preflight-seconds', median(looks.map(({ stageMs }) => stageMs)) / 1_000);
  } finally {
    await world.close();
  }
}

/** One run of `mode: preflight` as a job on GitHub's runner. */
async function look(world: Awaited<ReturnType<typeof startWholeWorld>>, dist: string): Promise<Look> {
  const { job } = world.newJob({ dist });
  try {
    job.inputs.mode = 'preflight';
    for (const proxy of Object.values(world.proxies)) {
      proxy.arm(null, 0);
      proxy.disturb(() => ({ kind: 'late', ms: ANSWER_MS }));
    }
    const began = performance.now();
    const { code, log } = await job.main().done;
    const stepMs = performance.now() - began;
    if (code !== 0) throw new Error(`preflight ended with ${code}:\n${log}`);
    const { google, kube, github } = world.proxies;
    const report = JSON.parse(
      readFileSync(join(job.temp, 'tpu-serving-gate', '__self', 'result.json'), 'utf8'),
    ) as Report;
    const stageMs = report.stages.find(({ stage }) => stage === 'preflight')?.durationMs ?? Number.NaN;
    return { stageMs, stepMs, requests: { google: google.seen(), kube: kube.seen(), github: github.seen() } };
  } finally {
    job.close();
  }
}
