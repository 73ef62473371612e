import { machineOf, type TpuFamily } from './machines.ts';

export interface ListPrice {
  onDemand: number;
  /** Spot prices move; null where none is listed. */
  spot: number | null;
}

/** Where the table comes from; shown beside every amount. */
export const PRICE_SOURCE = 'list price, SkyPilot catalog v8 for Google Cloud at 006059e0';

/**
 * TPU v6e, USD per chip-hour, by region. From `catalogs/v8/gcp/vms.csv` of skypilot-org/skypilot-catalog, which is
 * generated from Google's SKU API (rows tpu-v6e-8 ÷ 8). Excludes disks, network, the control plane and discounts.
 */
const V6E_CHIP_HOUR_USD: Readonly<Record<string, ListPrice>> = {
  'us-central1': { onDemand: 2.7, spot: 0.544 },
  'us-east1': { onDemand: 2.7, spot: 0.544 },
  'us-west1': { onDemand: 2.7, spot: 0.544 },
  'us-east4': { onDemand: 2.7, spot: 0.578 },
  'us-east5': { onDemand: 2.7, spot: 1.215 },
  'us-south1': { onDemand: 2.7, spot: 1.35 },
  'southamerica-west1': { onDemand: 2.7, spot: null },
  'europe-west4': { onDemand: 2.97, spot: 1.037 },
  'asia-southeast1': { onDemand: 2.97, spot: 0.363 },
  'asia-northeast1': { onDemand: 3.24, spot: 0.944 },
  'asia-south1': { onDemand: 3.24, spot: 2.27 },
};

/** List prices by family and region; a family without an entry has no price that is known. */
const CHIP_HOUR_USD: Readonly<Partial<Record<TpuFamily, Readonly<Record<string, ListPrice>>>>> = {
  v6e: V6E_CHIP_HOUR_USD,
};

export interface ChipHourPrice {
  usd: number;
  source: string;
}

/** What the price of a node pool depends on. */
export interface Pricing {
  machineType: string | null;
  spot: boolean;
  /** A reservation has a price of its own, which no list has. */
  reserved: boolean;
  /** Flex-start has a discount that no list has. */
  flexStart?: boolean;
  /** From the input; null takes the list price of the region. */
  pricePerChipHourUsd: number | null;
}

/** What `chipHourPrice` looks a price up by. */
export interface PriceBasis {
  /** Null where no list price applies: an unknown machine, a reservation, or flex-start. */
  family: TpuFamily | null;
  /** A region or a zone. */
  location: string;
  spot: boolean;
  /** From the user's input, USD; wins over the table, as with a reservation or a commitment. */
  pricePerChipHour: number | null;
}

/** The basis of a pool's price. List prices are on demand or spot; a reservation and flex-start have none. */
export function priceBasis(location: string, pricing: Pricing): PriceBasis {
  return {
    family: pricing.reserved || pricing.flexStart ? null : (machineOf(pricing.machineType)?.family ?? null),
    location,
    spot: pricing.spot,
    pricePerChipHour: pricing.pricePerChipHourUsd,
  };
}

/**
 * The price of a chip-hour: the given one, else the list price of the family in the region of `location`. Null when none
 * is known; it is never guessed.
 */
export function chipHourPrice({ family, location, spot, pricePerChipHour }: PriceBasis): ChipHourPrice | null {
  if (pricePerChipHour !== null) return { usd: pricePerChipHour, source: 'input' };
  const region = location.replace(/-[a-z]$/, '');
  const listed = family === null ? undefined : CHIP_HOUR_USD[family]?.[region];
  const usd = spot ? listed?.spot : listed?.onDemand;
  if (usd === undefined || usd === null) return null;
  return { usd, source: `${PRICE_SOURCE}, ${spot ? 'spot' : 'on demand'}, ${region}` };
}
