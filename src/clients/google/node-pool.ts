import type { protos } from '@google-cloud/container';

type INodePool = protos.google.container.v1.INodePool;

/** `NodePoolAutoscaling` of the Container API, with limits of the whole pool. */
export interface PoolAutoscaling {
  minNodes: number;
  /** Null where the API names no limit. */
  maxNodes: number | null;
  /** `ANY` takes whichever zone has capacity, `BALANCED` spreads. Null where the API names none. */
  locationPolicy: string | null;
  /** Made by node auto-provisioning, which may delete the pool once it is empty. */
  autoprovisioned: boolean;
}

export interface NodePoolInfo {
  name: string;
  status: string;
  machineType: string | null;
  tpuTopology: string | null;
  /** The size last asked for, per zone; the API has no field for the current count. */
  initialNodeCount: number;
  locations: string[];
  /** Limits of the cluster autoscaler, which owns the size of the pool then; null without it. */
  autoscaling: PoolAutoscaling | null;
  queuedProvisioning: boolean;
  spot: boolean;
  /** Whether the nodes come from a reservation that the pool names. */
  reserved: boolean;
  /** Names of those reservations; empty where any that fits is used, or none. */
  reservations: string[];
  conditions: string[];
  /** Taints that the pool gives its nodes; those that GKE adds by itself are not all among them. */
  taints: { key: string; value: string; effect: string }[];
  /** Labels that the pool gives its nodes; those that GKE adds by itself are not among them. */
  labels: Record<string, string>;
  /** Nodes come by the autoscaler's queue, and a resize does not bring them. */
  flexStart: boolean;
  /** Nodes are deleted by Google Cloud after this time; null for no limit. */
  maxRunSeconds: number | null;
  /** Managed instance groups behind the pool, by zone and name. */
  instanceGroups: { zone: string; name: string }[];
}

/** What the gate reads of a node pool of the Container API v1. */
export function nodePoolInfo(pool: INodePool): NodePoolInfo {
  const affinity = pool.config?.reservationAffinity?.consumeReservationType;
  return {
    name: pool.name ?? '',
    status: String(pool.status ?? 'STATUS_UNSPECIFIED'),
    machineType: pool.config?.machineType || null,
    tpuTopology: pool.placementPolicy?.tpuTopology || null,
    initialNodeCount: pool.initialNodeCount ?? 0,
    locations: pool.locations ?? [],
    autoscaling: autoscalingOf(pool),
    queuedProvisioning: pool.queuedProvisioning?.enabled === true,
    spot: pool.config?.spot === true,
    reserved: affinity === 'SPECIFIC_RESERVATION' || affinity === 3,
    reservations: pool.config?.reservationAffinity?.values ?? [],
    taints: (pool.config?.taints ?? []).map(({ key, value, effect }) => ({
      key: key ?? '',
      value: value ?? '',
      effect: String(effect ?? ''),
    })),
    labels: { ...pool.config?.labels },
    flexStart: pool.config?.flexStart === true,
    maxRunSeconds: Number(pool.config?.maxRunDuration?.seconds ?? 0) || null,
    instanceGroups: (pool.instanceGroupUrls ?? []).flatMap((url) => {
      const [, zone, name] = GROUP_URL.exec(url) ?? [];
      return zone && name ? [{ zone, name }] : [];
    }),
    conditions: (pool.conditions ?? []).map(({ code, canonicalCode, message }) =>
      [code && code !== 'UNKNOWN' ? code : canonicalCode && canonicalCode !== 'OK' ? canonicalCode : null, message]
        .filter(Boolean)
        .join(': '),
    ),
  };
}

/** `…/zones/ZONE/instanceGroupManagers/NAME`. */
const GROUP_URL = /\/zones\/([a-z0-9-]+)\/instanceGroup(?:Manager)?s\/([a-z0-9-]+)$/;

/** Totals count for the pool; `minNodeCount` and `maxNodeCount` count for each of its zones. */
function autoscalingOf({ autoscaling, locations }: INodePool): PoolAutoscaling | null {
  if (autoscaling?.enabled !== true) return null;
  const zones = Math.max(1, locations?.length ?? 0);
  const policy = String(autoscaling.locationPolicy ?? '');
  return {
    minNodes: autoscaling.totalMinNodeCount || (autoscaling.minNodeCount ?? 0) * zones,
    maxNodes: autoscaling.totalMaxNodeCount || (autoscaling.maxNodeCount ?? 0) * zones || null,
    locationPolicy: policy === '' || policy.endsWith('UNSPECIFIED') || policy === '0' ? null : policy,
    autoprovisioned: autoscaling.autoprovisioned === true,
  };
}
