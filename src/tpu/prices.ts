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
export const V6E_CHIP_HOUR_USD: Readonly<Record<string, ListPrice>> = {
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

export interface ChipHourPrice {
  usd: number;
  source: string;
}

/**
 * The price of a v6e chip-hour: the given one, else the list price of the region that `location` (a region or a zone)
 * lies in. Null when none is known; it is never guessed.
 */
export function chipHourPrice(options: {
  location: string;
  spot: boolean;
  /** From the user's input, USD; wins over the table, as with a reservation or a commitment. */
  pricePerChipHour: number | null;
}): ChipHourPrice | null {
  if (options.pricePerChipHour !== null) return { usd: options.pricePerChipHour, source: 'input' };
  const region = options.location.replace(/-[a-z]$/, '');
  const listed = V6E_CHIP_HOUR_USD[region];
  const usd = options.spot ? listed?.spot : listed?.onDemand;
  if (usd === undefined || usd === null) return null;
  return { usd, source: `${PRICE_SOURCE}, ${options.spot ? 'spot' : 'on demand'}, ${region}` };
}
