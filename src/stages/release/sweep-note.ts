import { errorText } from '../../lib/failure.ts';
import type { Swept } from '../../report/model.ts';
import { leasesOf } from '../lease/find-leases.ts';
import { poolOf } from '../lease/lease-record.ts';
import { overwritten } from '../lease/overwritten.ts';
import { noteRef, parseSeen, SEEN_ANNOTATION, type SeenPool, writeNote } from '../lease/pool-note.ts';
import type { SweepContext } from './sweep-context.ts';
import { sweepDeleted } from './sweep-overwritten.ts';

/** What a sweep notes for the next one. */
export interface SweepNote {
  /** End of the sweep, ISO 8601; null for the first and where it cannot be read. */
  lastRanAt: string | null;
  /** Pools that it saw leased. */
  seen: SeenPool[];
}

type Noting = Pick<SweepContext, 'kube' | 'namespace' | 'emit'>;

/** Reads what the sweep before noted: it shows a schedule that has stopped. */
export async function readNote({ kube, namespace, emit }: Noting): Promise<SweepNote> {
  try {
    const found = await kube.get(noteRef(namespace));
    const last: unknown = found?.spec?.renewTime;
    const seen = parseSeen(found?.metadata.annotations?.[SEEN_ANNOTATION]);
    return { lastRanAt: typeof last === 'string' ? last : null, seen };
  } catch (error) {
    emit({ type: 'warning', text: `what the sweep before noted cannot be read: ${errorText(error)}` });
    return { lastRanAt: null, seen: [] };
  }
}

/**
 * Ends a sweep: looks at the pools whose leases have gone since the one before, and notes the time and the pools that are
 * leased now. A dry run notes nothing. Returns the pools in which nodes are left.
 */
export async function endSweep(context: SweepContext): Promise<Swept[]> {
  const { kube, namespace, dryRun } = context;
  const leases = await leasesOf(kube, namespace);
  const pools = leases.map(({ object }) => poolOf(object)).filter((pool) => pool !== null);
  const left = await sweepDeleted(context, new Set(pools));
  if (dryRun) return left;
  const nowMs = kube.serverTime();
  const seenAt = new Date(nowMs).toISOString();
  const now = leases.flatMap((record): SeenPool[] => {
    const { state, holder } = record;
    if (!state || overwritten(record, nowMs) !== null) return [];
    const pool = { nodePool: state.nodePool, restingNodes: state.restingNodes, holder };
    const noted = context.seen?.find((one) => one.noted && one.nodePool === pool.nodePool && one.holder === holder);
    return [noted ? { ...noted, ...pool } : { ...pool, seenAt }];
  });
  // Of a lease that cannot be read, and of one that was deleted over nodes, the last that was known stays known.
  const readable = new Set(now.map(({ nodePool }) => nodePool));
  const known = new Set([...pools, ...left.map(({ nodePool }) => nodePool)]);
  const before = (context.seen ?? []).filter(({ nodePool }) => known.has(nodePool) && !readable.has(nodePool));
  await noteSweep(context, nowMs, [...before, ...now]);
  return left;
}

async function noteSweep(
  { kube, namespace, holder, emit, seen: read = [] }: Noting & Pick<SweepContext, 'holder' | 'seen'>,
  nowMs: number,
  seen: readonly SeenPool[],
): Promise<void> {
  // Runs that have taken a pool since this sweep read the note.
  const isNew = ({ nodePool, noted }: SeenPool) =>
    noted && ![...read, ...seen].some((pool) => pool.nodePool === nodePool);
  const spec = { holderIdentity: holder.identity, renewTime: new Date(nowMs).toISOString().replace(/Z$/, '000Z') };
  try {
    await writeNote({ kube, namespace }, (there) => [...seen, ...there.filter(isNew)], spec);
  } catch (error) {
    emit({ type: 'warning', text: `the time of this sweep could not be noted: ${errorText(error)}` });
  }
}
