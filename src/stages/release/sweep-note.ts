import type { KubeObject } from '../../clients/kubernetes/objects.ts';
import { errorText } from '../../lib/failure.ts';
import type { Swept } from '../../report/model.ts';
import { MANAGED_BY } from '../deploy/marks.ts';
import { leasesOf, SWEEPER } from '../lease/find-leases.ts';
import { isPoolName, LEASE_API, poolOf } from '../lease/lease-record.ts';
import { overwritten } from '../lease/overwritten.ts';
import type { SeenPool, SweepContext } from './sweep-context.ts';
import { sweepDeleted } from './sweep-overwritten.ts';

const SEEN_ANNOTATION = 'tpu-serving-gate/seen';
/** More than a cluster has TPU pools; an annotation is limited as well. */
const SEEN_MAX = 100;

/** What a sweep notes for the next one. */
export interface SweepNote {
  /** End of the sweep, ISO 8601; null for the first and where it cannot be read. */
  lastRanAt: string | null;
  /** Pools that it saw leased. */
  seen: SeenPool[];
}

type Noting = Pick<SweepContext, 'kube' | 'namespace' | 'emit'>;

const refOf = (namespace: string) => ({ apiVersion: LEASE_API, kind: 'Lease', name: SWEEPER, namespace }) as const;

/** Reads what the sweep before noted: a schedule that stopped is seen by whoever looks. */
export async function readNote({ kube, namespace, emit }: Noting): Promise<SweepNote> {
  try {
    const found = await kube.get(refOf(namespace));
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
    return [{ nodePool: state.nodePool, restingNodes: state.restingNodes, holder, seenAt }];
  });
  // Of a lease that cannot be read, and of one that was deleted over nodes, the last that was known stays known.
  const readable = new Set(now.map(({ nodePool }) => nodePool));
  const known = new Set([...pools, ...left.map(({ nodePool }) => nodePool)]);
  const before = (context.seen ?? []).filter(({ nodePool }) => known.has(nodePool) && !readable.has(nodePool));
  await writeNote(context, nowMs, [...now, ...before].slice(0, SEEN_MAX));
  return left;
}

async function writeNote(
  { kube, namespace, holder, emit }: Noting & Pick<SweepContext, 'holder'>,
  nowMs: number,
  seen: readonly SeenPool[],
): Promise<void> {
  try {
    const found = await kube.get(refOf(namespace));
    const { resourceVersion } = found?.metadata ?? {};
    const object: KubeObject = {
      apiVersion: LEASE_API,
      kind: 'Lease',
      metadata: {
        name: SWEEPER,
        namespace,
        labels: { ...MANAGED_BY },
        annotations: { [SEEN_ANNOTATION]: JSON.stringify(seen) },
        ...(resourceVersion ? { resourceVersion } : {}),
      },
      spec: { holderIdentity: holder.identity, renewTime: new Date(nowMs).toISOString().replace(/Z$/, '000Z') },
    };
    await (found ? kube.replace(object) : kube.create(object));
  } catch (error) {
    emit({ type: 'warning', text: `the time of this sweep could not be noted: ${errorText(error)}` });
  }
}

/** Anybody may write an annotation: what is not as a sweep writes it is left out. */
function parseSeen(text: string | undefined): SeenPool[] {
  try {
    const value: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(value) ? value.filter(isSeen).slice(0, SEEN_MAX) : [];
  } catch {
    return [];
  }
}

function isSeen(value: unknown): value is SeenPool {
  if (value === null || typeof value !== 'object') return false;
  const { nodePool, restingNodes, holder, seenAt }: Partial<Record<keyof SeenPool, unknown>> = value;
  return (
    typeof nodePool === 'string' &&
    isPoolName(nodePool) &&
    typeof restingNodes === 'number' &&
    Number.isInteger(restingNodes) &&
    restingNodes >= 0 &&
    typeof holder === 'string' &&
    typeof seenAt === 'string' &&
    Number.isFinite(Date.parse(seenAt))
  );
}
