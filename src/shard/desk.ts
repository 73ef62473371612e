import { setTimeout as sleep } from 'node:timers/promises';
import { epochMs, type Plan, type Pongs, reportKey } from '../load/shard/messages.ts';

/** A pong that has not come by then is asked for again, milliseconds. */
const PONG_LIMIT_MS = 10_000;

/** What came from the gate, for those who wait for it. */
export interface Desk {
  take(data: Record<string, string>): void;
  /** To be called once the plan is gone. */
  end(): void;
  /** Aborts once the plan has ended or is gone. */
  readonly ended: AbortSignal;
  /** The newest plan, once it is newer than `seq`. */
  planAfter(seq: number): Promise<Plan>;
  /** The reply to a ping of this load client; null when it does not come in time, or the plan has ended. */
  pongFor(shard: number, ping: number): Promise<(Pongs[string] & { atMs: number }) | null>;
}

/** A desk without a plan. */
export function createDesk(): Desk {
  let plan: Plan | null = null;
  let pongs: Pongs = {};
  let atMs = 0;
  const waiting: (() => void)[] = [];
  const ended = new AbortController();
  const changed = () => new Promise<void>((resolve) => waiting.push(resolve));
  const wake = () => {
    for (const resolve of waiting.splice(0)) resolve();
  };
  const end = () => {
    plan = { seq: Number.MAX_SAFE_INTEGER, kind: 'end' };
    ended.abort();
    wake();
  };
  return {
    ended: ended.signal,
    end,
    take(data) {
      if (ended.signal.aborted) return;
      atMs = epochMs();
      plan = data.plan === undefined ? null : (JSON.parse(data.plan) as Plan);
      pongs = data.pongs === undefined ? {} : (JSON.parse(data.pongs) as Pongs);
      if (plan?.kind === 'end') end();
      else wake();
    },
    async planAfter(seq) {
      while (plan === null || plan.seq <= seq) await changed();
      return plan;
    },
    async pongFor(shard, ping) {
      const limit = sleep(PONG_LIMIT_MS, 'late' as const, { ref: false });
      while (!ended.signal.aborted) {
        const pong = pongs[reportKey(shard)];
        if (pong?.ping === ping) return { ...pong, atMs };
        if ((await Promise.race([changed(), limit])) === 'late') return null;
      }
      return null;
    },
  };
}
