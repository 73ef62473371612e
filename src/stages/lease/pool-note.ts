import type { KubeClient } from '../../clients/kubernetes/client.ts';
import type { LeaseSpec } from '../../clients/kubernetes/kinds.ts';
import type { KubeObject } from '../../clients/kubernetes/objects.ts';
import { errorText } from '../../lib/failure.ts';
import type { Emit } from '../../progress/events.ts';
import { MANAGED_BY } from '../deploy/marks.ts';
import { SWEEPER } from './find-leases.ts';
import { isPoolName, LEASE_API } from './lease-record.ts';

export const SEEN_ANNOTATION = 'tpu-serving-gate/seen';
/** More than a cluster has TPU pools; an annotation is limited as well. */
const SEEN_MAX = 100;

/** A pool that is leased, as the note of the sweeper has it. */
export interface SeenPool {
  nodePool: string;
  restingNodes: number;
  holder: string;
  /** By the API server's clock, ISO 8601. */
  seenAt: string;
  /** The run wrote it before it asked for nodes, and removes it after its release. */
  noted?: true;
}

/** The Lease that notes the last sweep and the leased pools. */
export const noteRef = (namespace: string) =>
  ({ apiVersion: LEASE_API, kind: 'Lease', name: SWEEPER, namespace }) as const;

interface Noting {
  kube: KubeClient;
  namespace: string;
  emit: Emit;
}

/** Others write the note as well, between a look and a write. */
const TRIES = 5;

/**
 * Notes a pool for the sweeper once its lease is held and before it has nodes: if somebody deletes the lease, the nodes are
 * still found. A note that cannot be written is a warning.
 */
export async function notePool(noting: Noting, pool: Omit<SeenPool, 'noted'>): Promise<void> {
  await changeNote(noting, (seen) => [
    ...seen.filter(({ nodePool }) => nodePool !== pool.nodePool),
    { ...pool, noted: true },
  ]);
}

/** Removes the note of a pool after its release. One that another run wrote stays. */
export async function unnotePool(noting: Noting, nodePool: string, holder: string): Promise<void> {
  await changeNote(noting, (seen) => seen.filter((pool) => !(pool.nodePool === nodePool && pool.holder === holder)));
}

async function changeNote(noting: Noting, change: (seen: readonly SeenPool[]) => readonly SeenPool[]): Promise<void> {
  try {
    await writeNote(noting, change);
  } catch (error) {
    noting.emit({ type: 'warning', text: `the pool could not be noted for the sweeper: ${errorText(error)}` });
  }
}

/**
 * Writes what `change` makes of the pools in the note as it stands, and `spec` where it is given. Nothing is written where
 * nothing changes. Throws when the note cannot be written.
 */
export async function writeNote(
  { kube, namespace }: Omit<Noting, 'emit'>,
  change: (seen: readonly SeenPool[]) => readonly SeenPool[],
  spec?: LeaseSpec,
): Promise<void> {
  for (let n = 1; n <= TRIES; n += 1) {
    const found = await kube.get(noteRef(namespace));
    const seen = parseSeen(found?.metadata.annotations?.[SEEN_ANNOTATION]);
    const changed = change(seen).slice(-SEEN_MAX);
    if (!spec && JSON.stringify(changed) === JSON.stringify(seen)) return;
    const { resourceVersion } = found?.metadata ?? {};
    const object: KubeObject = {
      apiVersion: LEASE_API,
      kind: 'Lease',
      metadata: {
        name: SWEEPER,
        namespace,
        labels: { ...MANAGED_BY },
        annotations: { [SEEN_ANNOTATION]: JSON.stringify(changed) },
        ...(resourceVersion ? { resourceVersion } : {}),
      },
      spec: spec ?? found?.spec ?? {},
    };
    if (await (found ? kube.replace(object) : kube.create(object))) return;
  }
  throw new Error(`it changed under each of ${TRIES} tries`);
}

/** Anybody may write an annotation: what is not as a sweep writes it is left out. */
export function parseSeen(text: string | undefined): SeenPool[] {
  try {
    const value: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(value) ? value.filter(isSeen).slice(0, SEEN_MAX) : [];
  } catch {
    return [];
  }
}

function isSeen(value: unknown): value is SeenPool {
  if (value === null || typeof value !== 'object') return false;
  const { nodePool, restingNodes, holder, seenAt, noted }: Partial<Record<keyof SeenPool, unknown>> = value;
  return (
    typeof nodePool === 'string' &&
    isPoolName(nodePool) &&
    typeof restingNodes === 'number' &&
    Number.isInteger(restingNodes) &&
    restingNodes >= 0 &&
    typeof holder === 'string' &&
    typeof seenAt === 'string' &&
    Number.isFinite(Date.parse(seenAt)) &&
    (noted === undefined || noted === true)
  );
}
