import type { FixedLoad, FixedResult } from '../fixed-source.ts';
import type { OpenLoad } from '../open-source.ts';
import type { SourceLoad, Workload } from '../source.ts';
import type { WayTarget } from '../ways.ts';
import type { OpenReport } from './open-report.ts';
import type { ShardReport } from './report.ts';

/** Names in the namespace of the stack, the same in every run: the rights of the load clients name them. */
export const LOAD_NAME = 'tpu-serving-gate-load';
/** The ConfigMap that the gate writes and the load clients watch. */
export const PLAN_MAP = `${LOAD_NAME}-plan`;
/** The ConfigMap of which each load client writes one key, and that the gate reads. */
export const REPORTS_MAP = `${LOAD_NAME}-reports`;

/** The key of one load client in `REPORTS_MAP`, by its index in the Job. */
export const reportKey = (shard: number): string => `shard-${shard}`;

/** The moment of a message, milliseconds since the epoch, with fractions. */
export const epochMs = (): number => performance.timeOrigin + performance.now();

/** What the load clients are to do next; `seq` grows by one. */
export type Plan =
  /** Compare clocks, then wait. */
  | { seq: number; kind: 'sync' }
  /** Start together at `startsAtMs` of the gate's clock. */
  | { seq: number; kind: 'block'; startsAtMs: number; load: SourceLoad; target: WayTarget; workload: BlockWorkload }
  /** The same of an open loop, of which each has an equal part of the rate. */
  | { seq: number; kind: 'open'; startsAtMs: number; load: OpenLoad; target: WayTarget; workload: BlockWorkload }
  /** For the first load client alone. */
  | { seq: number; kind: 'fixed'; load: FixedLoad; target: WayTarget }
  | { seq: number; kind: 'end' };

/** The user's own prompts lie in a file, since a plan goes to every load client for every block. */
export interface BlockWorkload extends Omit<Workload, 'prompts'> {
  ownPrompts: boolean;
}

/** The gate's reply to the newest ping of each load client, milliseconds of the gate's clock. */
export type Pongs = Record<string, { ping: number; receivedMs: number; sentMs: number }>;

/** The gate's clock against the own one, by the round trip that took the least time. */
export interface ClockOffset {
  /** Gate minus own, milliseconds; wrong by half of the round trip at most. */
  offsetMs: number;
  roundTripMs: number;
}

/** The message of one load client about the plan `seq`. */
export type ShardMessage =
  | { seq: number; kind: 'ping'; ping: number }
  | { seq: number; kind: 'ready'; clock: ClockOffset; ceilingPerSecond: number }
  | { seq: number; kind: 'report'; report: ShardReport }
  | { seq: number; kind: 'open'; report: OpenReport }
  /** Null from all but the first. */
  | { seq: number; kind: 'fixed'; report: FixedResult | null }
  /** It learnt of the block too late to start with the others, and sent nothing. */
  | { seq: number; kind: 'late'; lateMs: number }
  | { seq: number; kind: 'error'; message: string };

/** A load client that starts later than this is late: milliseconds. */
export const LATE_MS = 250;

/** Parts of a block's requests in flight: as equal as can be, the first ones larger. */
export function shareOf(total: number, shard: number, shards: number): number {
  return Math.floor(total / shards) + (shard < total % shards ? 1 : 0);
}

/** Load clients that a rate needs, so that each stays below half of what the slowest of them can do. */
export function shardsFor(ratePerSecond: number, ceilingPerSecond: number): number {
  if (!(ceilingPerSecond > 0)) throw new RangeError(`${ceilingPerSecond} requests per second is not a ceiling`);
  return Math.max(1, Math.floor(ratePerSecond / (ceilingPerSecond / 2)) + 1);
}
