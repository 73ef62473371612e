import type { KubeClient } from '../../../clients/kubernetes/client.ts';
import type { ObjectRef } from '../../../clients/kubernetes/objects.ts';
import { decodeMessage } from '../../../load/shard/decode.ts';
import {
  epochMs,
  PLAN_MAP,
  type Plan,
  type Pongs,
  REPORTS_MAP,
  reportKey,
  type ShardMessage,
} from '../../../load/shard/messages.ts';

/** The gate's end of the two ConfigMaps through which it and its load clients reach each other. */
export interface Barrier {
  /** Hands the next plan to all load clients. Returns its number. */
  announce(plan: PlanWithoutSeq): Promise<number>;
  /**
   * The newest message of each load client about the plan `seq`; null until one came. Replies to pings on the way.
   * A message that cannot be read is `error`.
   */
  read(seq: number): Promise<(ShardMessage | null)[]>;
}

type Without<T> = T extends unknown ? Omit<T, 'seq'> : never;
export type PlanWithoutSeq = Without<Plan>;

/** Starts with the newest plan at 0. `shards` load clients take part. */
export function createBarrier(kube: KubeClient, namespace: string, shards: number): Barrier {
  const map = (name: string): ObjectRef => ({ apiVersion: 'v1', kind: 'ConfigMap', name, namespace });
  const replied = new Map<number, number>();
  let pongs: Pongs = {};
  let seq = 0;

  const reply = async (messages: readonly (ShardMessage | null)[], receivedMs: number) => {
    const fresh = messages.flatMap((message, shard) =>
      message?.kind === 'ping' && replied.get(shard) !== message.ping ? [{ shard, ping: message.ping }] : [],
    );
    if (fresh.length === 0) return;
    const sentMs = epochMs();
    for (const { shard, ping } of fresh) {
      pongs = { ...pongs, [reportKey(shard)]: { ping, receivedMs, sentMs } };
      replied.set(shard, ping);
    }
    await kube.mergePatch(map(PLAN_MAP), { data: { pongs: JSON.stringify(pongs) } });
  };

  return {
    async announce(plan) {
      seq += 1;
      await kube.mergePatch(map(PLAN_MAP), { data: { plan: JSON.stringify({ seq, ...plan }) } });
      return seq;
    },
    async read(about) {
      const found = await kube.get(map(REPORTS_MAP));
      const receivedMs = epochMs();
      const data = (found?.data ?? {}) as Record<string, unknown>;
      const messages = Array.from({ length: shards }, (_, shard) => {
        const message = decodeMessage(data[reportKey(shard)]);
        return message && message.seq === about ? message : null;
      });
      await reply(messages, receivedMs);
      return messages;
    },
  };
}
