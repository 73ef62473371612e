import { setTimeout as sleep } from 'node:timers/promises';
import { errorText } from '../lib/failure.ts';
import { runFixedSource } from '../load/fixed-source.ts';
import { runOpenSource } from '../load/open-source.ts';
import {
  type BlockWorkload,
  type ClockOffset,
  epochMs,
  LATE_MS,
  type Plan,
  type ShardMessage,
  shareOf,
} from '../load/shard/messages.ts';
import { openPart, openReportOf } from '../load/shard/open-report.ts';
import { reportOf } from '../load/shard/report.ts';
import { localSource, type Workload } from '../load/source.ts';
import { createWayClients, type WayClients } from '../load/ways.ts';
import type { Control } from './control.ts';
import { createDesk, type Desk } from './desk.ts';

/** Round trips of one comparison of clocks; the shortest counts. */
const PINGS = 5;

export interface ShardOptions {
  control: Control;
  shard: number;
  shards: number;
  /** The user's own prompts; null without them. */
  prompts: readonly string[] | null;
  ceilingPerSecond: number;
}

/** What one step of the plan is done with. */
interface Work extends ShardOptions {
  clock: ClockOffset;
  clients: WayClients;
  /** Breaks off the load that is on. */
  signal: AbortSignal;
}

type Step<Kind extends Plan['kind']> = Extract<Plan, { kind: Kind }>;

/**
 * A load client in the cluster: does what the plan says, one step after another, until the plan ends. It ends too when plan
 * or messages are gone, since its Job was deleted then. Load that is on breaks off.
 */
export async function runShard(options: ShardOptions): Promise<void> {
  const { control, shard } = options;
  const over = new AbortController();
  const desk = createDesk();
  const watching = control.watch(desk.take, over.signal).then(desk.end);
  const clients = createWayClients();
  let clock: ClockOffset | null = null;
  const messageAbout = async (plan: Exclude<Plan, { kind: 'end' }>): Promise<ShardMessage> => {
    const { seq } = plan;
    if (plan.kind === 'sync') {
      clock = await compareClocks(control, desk, seq, shard);
      return { seq, kind: 'ready', clock, ceilingPerSecond: options.ceilingPerSecond };
    }
    if (clock === null) throw new Error('a load came before the clocks were compared');
    return takeStep(plan, { ...options, clock, clients, signal: desk.ended });
  };
  try {
    for (let done = 0; ; ) {
      const plan = await desk.planAfter(done);
      done = plan.seq;
      if (plan.kind === 'end') return;
      const message = await messageAbout(plan).catch(
        (error: unknown): ShardMessage => ({ seq: plan.seq, kind: 'error', message: errorText(error) }),
      );
      if (desk.ended.aborted || !(await control.post(message))) return;
    }
  } finally {
    over.abort();
    await watching;
    await clients.close();
    await control.close();
  }
}

/**
 * The gate's clock against this one, as NTP compares clocks (RFC 5905, section 8): half of the difference of the two
 * ways, from the round trip that took the least time.
 */
async function compareClocks(control: Control, desk: Desk, seq: number, shard: number): Promise<ClockOffset> {
  let best: ClockOffset | null = null;
  for (let index = 0; index < PINGS; index += 1) {
    const ping = seq * 100 + index;
    const sentMs = epochMs();
    if (!(await control.post({ seq, kind: 'ping', ping }))) break;
    const pong = await desk.pongFor(shard, ping);
    if (!pong) continue;
    const roundTripMs = pong.atMs - sentMs - (pong.sentMs - pong.receivedMs);
    const offsetMs = (pong.receivedMs - sentMs + (pong.sentMs - pong.atMs)) / 2;
    if (best === null || roundTripMs < best.roundTripMs) best = { offsetMs, roundTripMs };
  }
  if (best === null) throw new Error('the gate did not reply to a comparison of clocks');
  return best;
}

function takeStep(plan: Step<'block' | 'open' | 'fixed'>, work: Work): Promise<ShardMessage> {
  if (plan.kind === 'block') return takeBlock(plan, work);
  return plan.kind === 'open' ? takeOpen(plan, work) : takeFixed(plan, work);
}

async function takeBlock(
  { seq, startsAtMs, load, target, workload }: Step<'block'>,
  work: Work,
): Promise<ShardMessage> {
  const lateMs = await untilStart(startsAtMs, work);
  if (lateMs > LATE_MS) return { seq, kind: 'late', lateMs };
  const { shard, shards, clients, signal } = work;
  const concurrency = shareOf(load.concurrency, shard, shards);
  const client = clients.to(target, workload.maxTokens, shard);
  const part = `${load.part}/shard-${shard}`;
  const source = localSource(client, withPrompts(workload, work));
  const result = await source.run({ ...load, concurrency, part }, signal);
  return { seq, kind: 'report', report: reportOf(result, { concurrency, lateMs }) };
}

async function takeOpen({ seq, startsAtMs, load, target, workload }: Step<'open'>, work: Work): Promise<ShardMessage> {
  const lateMs = await untilStart(startsAtMs, work);
  if (lateMs > LATE_MS) return { seq, kind: 'late', lateMs };
  const { shard, shards, signal } = work;
  const to = { target, workload: withPrompts(workload, work) };
  return { seq, kind: 'open', report: openReportOf(await runOpenSource(openPart(load, shard, shards), to, signal)) };
}

async function takeFixed({ seq, load, target }: Step<'fixed'>, { shard, signal }: Work): Promise<ShardMessage> {
  return { seq, kind: 'fixed', report: shard === 0 ? await runFixedSource(load, target, signal) : null };
}

/** Waits for a moment of the gate's clock. Returns how late it is then, milliseconds. */
async function untilStart(startsAtMs: number, { clock, signal }: Work): Promise<number> {
  const ownStartMs = startsAtMs - clock.offsetMs;
  const earlyMs = ownStartMs - epochMs();
  if (earlyMs > 0) await sleep(earlyMs, undefined, { signal });
  return epochMs() - ownStartMs;
}

function withPrompts({ ownPrompts, ...rest }: BlockWorkload, { prompts }: Work): Workload {
  if (ownPrompts && prompts === null) throw new Error('the prompts are not there');
  return { ...rest, prompts: ownPrompts ? prompts : null };
}
