/** A generation of Google's TPUs. */
export type TpuFamily = 'v5e' | 'v5p' | 'v6e' | 'v7x';

/** What the table has about one machine type. */
export interface TpuMachine {
  /** Key of the price table as well. */
  family: TpuFamily;
  /** TPU chips of one node. */
  chips: number;
  /** Value of the node label `cloud.google.com/gke-tpu-accelerator`. */
  accelerator: string;
  /** Topology of a slice that is one host; null where none is listed for this number of chips. */
  hostTopology: string | null;
}

interface Series {
  family: TpuFamily;
  /** Name of the machine type; the group is the number of chips. */
  name: RegExp;
  accelerator: string;
  /** Single-host topologies by the chips of the host. */
  hostTopologies: Readonly<Record<number, string>>;
}

export const TPU_RESOURCE = 'google.com/tpu';
export const ACCELERATOR_LABEL = 'cloud.google.com/gke-tpu-accelerator';
export const TOPOLOGY_LABEL = 'cloud.google.com/gke-tpu-topology';

const FLAT = { 1: '1x1', 4: '2x2', 8: '2x4' } as const;

/**
 * Machine names, labels and single-host topologies. Sources: Google's page "Plan TPUs in GKE", and the tables of machine
 * types and node labels in the source of GKE's cluster autoscaler.
 */
const SERIES: readonly Series[] = [
  {
    family: 'v5e',
    name: /^ct5lp-hightpu-(\d+)t$/,
    accelerator: 'tpu-v5-lite-podslice',
    hostTopologies: FLAT,
  },
  {
    family: 'v5e',
    name: /^ct5l-hightpu-(\d+)t$/,
    accelerator: 'tpu-v5-lite-device',
    hostTopologies: FLAT,
  },
  {
    family: 'v5p',
    name: /^ct5p-hightpu-(\d+)t$/,
    accelerator: 'tpu-v5p-slice',
    hostTopologies: { 4: '2x2x1' },
  },
  {
    family: 'v6e',
    name: /^ct6e-standard-(\d+)t$/,
    accelerator: 'tpu-v6e-slice',
    hostTopologies: FLAT,
  },
  {
    family: 'v7x',
    name: /^tpu7x-(?:standard|ultranet)-(\d+)t$/,
    accelerator: 'tpu7x',
    hostTopologies: { 1: '1x1x1', 4: '2x2x1' },
  },
];

/** Every TPU machine of Google is named so, of whatever generation. */
const TPU_NAME = /^(?:ct|tpu)\d\w*-\w+-\d+t$/;

/** The facts about a machine type; null for one that is not in the table, whether it has chips or not. */
export function machineOf(machineType: string | null): TpuMachine | null {
  for (const { family, name, accelerator, hostTopologies } of SERIES) {
    const match = name.exec(machineType ?? '');
    if (!match) continue;
    const chips = Number(match[1]);
    return { family, chips, accelerator, hostTopology: hostTopologies[chips] ?? null };
  }
  return null;
}

/** Chips of one node such as a ct6e-standard-4t; null for a machine type that is not in the table. */
export function chipsOf(machineType: string | null): number | null {
  return machineOf(machineType)?.chips ?? null;
}

/** Whether a machine type is named as TPU machines are, in the table or not. */
export function isTpuName(machineType: string | null): boolean {
  return TPU_NAME.test(machineType ?? '');
}

/** Hosts of one slice: chips of the topology, such as `4x4`, ÷ chips of a machine. Null when it is not a topology. */
export function hostsOfSlice(topology: string, chips: number): number | null {
  const sides = topology.split('x').map(Number);
  if (sides.some((side) => !Number.isInteger(side) || side < 1)) return null;
  return Math.max(1, sides.reduce((product, side) => product * side, 1) / chips);
}
