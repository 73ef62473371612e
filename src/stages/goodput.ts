import { type Probe, RATE_SHARES, searchGoodput, sloMeter } from '../load/goodput.ts';
import { arrivalTimes, runOpenLoop } from '../load/open-loop.ts';
import { requestBody } from '../load/prompts.ts';
import type { ArmFigures, ArmName, Finding, GoodputArm, GoodputFigures } from '../report/model.ts';
import { LIMITS } from '../verdict/plausibility.ts';
import { percent } from '../verdict/wording.ts';
import type { StageContext } from './context.ts';
import { loadClient } from './load-client.ts';
import type { ReadyStack } from './ready.ts';
import type { VerifiedModel } from './verify.ts';
import { promptsOf } from './workload.ts';

/** Fewer tell a p95 from chance badly. */
const WANTED_REQUESTS = 100;
const MOST_CONNECTIONS = 256;
/** Blocks of the pairs have numbers from 0. */
const BLOCK = -300;

/**
 * Iso-latency goodput: the highest rate at which each arm answers 95 % of its requests within one limit, in an open loop
 * with Poisson arrivals. Not part of the verdict. Null with a finding when the load client was kept from its work.
 */
export async function measureGoodput(
  bench: { context: StageContext; stack: ReadyStack; model: VerifiedModel },
  endpoints: Record<ArmName, string>,
  arms: Record<ArmName, ArmFigures>,
): Promise<{ goodput: GoodputFigures | null; findings: Finding[] }> {
  const { context } = bench;
  const { goodputSloMs, latencyDurationMs } = context.inputs;
  const own = arms.one.latencyMs?.p95.value ?? null;
  const sloMs = goodputSloMs === 'auto' ? own : goodputSloMs;
  if (sloMs === null || sloMs === 'off' || latencyDurationMs === 0) return { goodput: null, findings: [] };

  let stalledMs = 0;
  let loadMs = 0;
  const searchOf = async (arm: ArmName): Promise<GoodputArm> => {
    const { hostname } = bench.stack.route;
    const client = loadClient(endpoints[arm], hostname, MOST_CONNECTIONS, context.inputs.maxTokens);
    try {
      return await searchGoodput(
        RATE_SHARES.map((share) => share * arms[arm].requestsPerSecond),
        async (ratePerSecond) => {
          const { probe, self } = await probeRate(bench, { client, arm, ratePerSecond, sloMs });
          stalledMs += self.stalledMs;
          loadMs += self.loadMs;
          return probe;
        },
      );
    } finally {
      await client.close();
    }
  };
  const found = { one: await searchOf('one'), all: await searchOf('all') };
  const stalledShare = loadMs > 0 ? stalledMs / loadMs : 0;
  if (stalledShare > LIMITS.stalledShare) {
    const message = `Goodput is left out: the machine did not let the load generator run for ${percent(stalledShare)} of its time.`;
    return { goodput: null, findings: [{ id: 'goodput-starved', message }] };
  }
  const goodput: GoodputFigures = {
    sloMs,
    sloSource: goodputSloMs === 'auto' ? 'one-replica-p95' : 'given',
    arms: found,
    ratio: ratioOf(found),
  };
  return { goodput, findings: [] };
}

/** All over one, with the ratios of the rates between which the true ones lie. */
export function ratioOf({ one, all }: Record<ArmName, GoodputArm>): GoodputFigures['ratio'] {
  if (one.metPerSecond === null || all.metPerSecond === null) return null;
  return {
    value: all.metPerSecond / one.metPerSecond,
    low: one.missedPerSecond === null ? null : all.metPerSecond / one.missedPerSecond,
    high: all.missedPerSecond === null ? null : all.missedPerSecond / one.metPerSecond,
  };
}

async function probeRate(
  { context, model }: { context: StageContext; model: VerifiedModel },
  at: { client: ReturnType<typeof loadClient>; arm: ArmName; ratePerSecond: number; sloMs: number },
): Promise<{ probe: Probe; self: { stalledMs: number; loadMs: number } }> {
  const { maxTokens, latencyDurationMs } = context.inputs;
  const { arm, ratePerSecond } = at;
  const wantedMs = (WANTED_REQUESTS / ratePerSecond) * 1_000;
  const durationMs = Math.min(2 * latencyDurationMs, Math.max(latencyDurationMs / 2, wantedMs));
  const plan = {
    arrivals: 'poisson' as const,
    ratePerSecond,
    durationMs,
    seed: `${context.runKey}/goodput/${arm}/${ratePerSecond}`,
  };
  const meter = sloMeter(arrivalTimes(plan).length, at.sloMs);
  const lost = new AbortController();
  const prompts = promptsOf(context, `goodput/${arm}/${ratePerSecond}`);
  const run = await runOpenLoop({
    ...plan,
    client: at.client,
    nextBody: () => requestBody(prompts(), { api: 'completions', model: model.modelId, maxTokens, fixedLength: true }),
    arm,
    block: BLOCK,
    signal: AbortSignal.any([context.signal, lost.signal]),
    onRecord: (record) => {
      if (!lost.signal.aborted && meter.take(record)) lost.abort();
    },
  });
  context.signal.throwIfAborted();
  const probe = { ratePerSecond, ...meter.read() };
  const verb = lost.signal.aborted ? 'missed' : 'kept';
  context.emit({
    type: 'fact',
    stage: 'benchmark',
    text: `goodput of ${arm === 'one' ? 'one replica' : 'all replicas'}: ${ratePerSecond.toFixed(1)} req/s ${verb} ${Math.round(at.sloMs)} ms`,
  });
  return { probe, self: { stalledMs: run.self.stalledMs, loadMs: run.stopMs - run.startMs } };
}
