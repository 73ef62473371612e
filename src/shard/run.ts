import { setTimeout as sleep } from 'node:timers/promises';
import { errorText } from '../lib/failure.ts';
import {
  type ClockOffset,
  epochMs,
  LATE_MS,
  type Plan,
  type Pongs,
  reportKey,
  type ShardMessage,
  shareOf,
} from '../load/shard/messages.ts';
import { reportOf } from '../load/shard/report.ts';
import { localSource } from '../load/source.ts';
import { createWayClients, type WayClients } from '../load/ways.ts';
import type { Control } from './control.ts';

/** Round trips of one comparison of clocks; the shortest counts. */
const PINGS = 5;
/** A pong that has not come by then is asked for again, milliseconds. */
const PONG_LIMIT_MS = 10_000;

export interface ShardOptions {
  control: Control;
  shard: number;
  shards: number;
  /** The user's own prompts; null without them. */
  prompts: readonly string[] | null;
  ceilingPerSecond: number;
}

/** A load client in the cluster: does what the plan says, one step after another, until the plan ends. */
export async function runShard(options: ShardOptions): Promise<void> {
  const { control, shard } = options;
  const over = new AbortController();
  const desk = createDesk();
  const watching = control.watch(desk.take, over.signal);
  const clients = createWayClients();
  let clock: ClockOffset | null = null;
  try {
    for (let done = 0; ; ) {
      const plan = await desk.planAfter(done);
      done = plan.seq;
      if (plan.kind === 'end') return;
      try {
        if (plan.kind === 'sync') {
          clock = await compareClocks(control, desk, plan.seq, shard);
          await control.post({ seq: plan.seq, kind: 'ready', clock, ceilingPerSecond: options.ceilingPerSecond });
        } else if (clock === null) throw new Error('a block came before the clocks were compared');
        else await control.post(await takeBlock(plan, { ...options, clock, clients }));
      } catch (error) {
        await control.post({ seq: plan.seq, kind: 'error', message: errorText(error) });
      }
    }
  } finally {
    over.abort();
    await watching;
    await clients.close();
    await control.close();
  }
}

interface Desk {
  take(data: Record<string, string>): void;
  /** The newest plan, once it is newer than `seq`. */
  planAfter(seq: number): Promise<Plan>;
  /** The reply to a ping of this load client; null when it does not come in time. */
  pongFor(shard: number, ping: number): Promise<(Pongs[string] & { atMs: number }) | null>;
}

/** What came from the gate, for those who wait for it. */
function createDesk(): Desk {
  let plan: Plan | null = null;
  let pongs: Pongs = {};
  let atMs = 0;
  let waiting: (() => void)[] = [];
  const changed = () => new Promise<void>((resolve) => waiting.push(resolve));
  return {
    take(data) {
      atMs = epochMs();
      plan = data.plan === undefined ? null : (JSON.parse(data.plan) as Plan);
      pongs = data.pongs === undefined ? {} : (JSON.parse(data.pongs) as Pongs);
      for (const resolve of waiting.splice(0)) resolve();
      waiting = [];
    },
    async planAfter(seq) {
      while (plan === null || plan.seq <= seq) await changed();
      return plan;
    },
    async pongFor(shard, ping) {
      const limit = sleep(PONG_LIMIT_MS, 'late' as const, { ref: false });
      for (;;) {
        const pong = pongs[reportKey(shard)];
        if (pong?.ping === ping) return { ...pong, atMs };
        if ((await Promise.race([changed(), limit])) === 'late') return null;
      }
    },
  };
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
    await control.post({ seq, kind: 'ping', ping });
    const pong = await desk.pongFor(shard, ping);
    if (!pong) continue;
    const roundTripMs = pong.atMs - sentMs - (pong.sentMs - pong.receivedMs);
    const offsetMs = (pong.receivedMs - sentMs + (pong.sentMs - pong.atMs)) / 2;
    if (best === null || roundTripMs < best.roundTripMs) best = { offsetMs, roundTripMs };
  }
  if (best === null) throw new Error('the gate did not reply to a comparison of clocks');
  return best;
}

async function takeBlock(
  { seq, startsAtMs, load, target, workload }: Extract<Plan, { kind: 'block' }>,
  { clock, clients, shard, shards, prompts }: ShardOptions & { clock: ClockOffset; clients: WayClients },
): Promise<ShardMessage> {
  const ownStartMs = startsAtMs - clock.offsetMs;
  const earlyMs = ownStartMs - epochMs();
  if (earlyMs > 0) await sleep(earlyMs);
  const lateMs = epochMs() - ownStartMs;
  if (lateMs > LATE_MS) return { seq, kind: 'late', lateMs };
  const { ownPrompts, ...rest } = workload;
  if (ownPrompts && prompts === null) throw new Error('the prompts are not there');
  const concurrency = shareOf(load.concurrency, shard, shards);
  const given = { ...rest, prompts: ownPrompts ? prompts : null };
  const client = clients.to(target, workload.maxTokens, shard);
  const part = `${load.part}/shard-${shard}`;
  const result = await localSource(client, given).run({ ...load, concurrency, part }, new AbortController().signal);
  return { seq, kind: 'report', report: reportOf(result, { concurrency, lateMs }) };
}
