import type { Cost, RunningCost, ServingCost } from '../report/model.ts';
import { chipHourPrice, type PriceBasis } from '../tpu/prices.ts';

export interface BilledNode {
  /** ISO 8601: the node's creationTimestamp. */
  createdAt: string;
  /** ISO 8601; null while it exists. */
  deletedAt: string | null;
  /** Allocatable `google.com/tpu`. */
  chips: number;
}

/** What an arm did per second. */
export interface ServedRates {
  requestsPerSecond: number;
  outputTokensPerSecond: number;
}

/** The stack that the nodes are for. */
export interface ServingStack {
  replicas: number;
  chipsPerReplica: number;
  /** Null when it was not measured. */
  rates: { one: ServedRates; all: ServedRates } | null;
}

export interface CostOptions extends PriceBasis {
  nodes: readonly BilledNode[];
  /** ISO 8601: the end of nodes that still exist. */
  now: string;
  /** What all replicas together did, and on how many chips; null when it was not measured. */
  measured: { requestsPerSecond: number; outputTokensPerSecond: number; chips: number } | null;
  /** Null where the chips of a replica are not known. */
  serving?: ServingStack | null;
}

/** As in the runbook: 30 days of 24 hours. */
export const HOURS_PER_MONTH = 720;

/**
 * What the nodes of a run cost from their creation to their deletion, and what a million requests and output tokens
 * cost at the measured rate, fully utilised. Chip-minutes are a fact and always given; amounts are null without a price.
 * Throws RangeError for a time that is not one.
 */
export function costOf(options: CostOptions): Cost {
  let nodeSeconds = 0;
  let chipSeconds = 0;
  for (const node of options.nodes) {
    const seconds = Math.max(0, timeOf(node.deletedAt ?? options.now) - timeOf(node.createdAt)) / 1_000;
    nodeSeconds += seconds;
    chipSeconds += seconds * node.chips;
  }
  const price = chipHourPrice(options);
  const { measured } = options;
  const perMillion = (rate: number | undefined) =>
    price && measured && rate ? usdPerMillion({ usdPerHour: price.usd * measured.chips, perSecond: rate }) : null;
  return {
    chipMinutes: chipSeconds / 60,
    nodeSeconds,
    usd: price ? (chipSeconds / 3_600) * price.usd : null,
    pricePerChipHourUsd: price?.usd ?? null,
    priceSource: price?.source ?? null,
    usdPerMillionRequests: perMillion(measured?.requestsPerSecond),
    usdPerMillionOutputTokens: perMillion(measured?.outputTokensPerSecond),
    serving: price && options.serving ? servingCost(options.serving, price.usd) : null,
  };
}

/**
 * USD per hour: chips × price of a chip-hour. Per month: times `HOURS_PER_MONTH`. Per million: `usdPerMillion` at the rate of
 * the arm. The price is that of chips; the rest of the bill is in no list that the gate has.
 */
function servingCost({ replicas, chipsPerReplica, rates }: ServingStack, usdPerChipHour: number): ServingCost {
  const costOfArm = (count: number, arm: ServedRates | undefined): RunningCost => {
    const chips = count * chipsPerReplica;
    const usdPerHour = chips * usdPerChipHour;
    const perMillion = (rate: number | undefined) =>
      rate !== undefined && rate > 0 ? usdPerMillion({ usdPerHour, perSecond: rate }) : null;
    return {
      chips,
      usdPerHour,
      usdPerMonth: usdPerHour * HOURS_PER_MONTH,
      usdPerMillionRequests: perMillion(arm?.requestsPerSecond),
      usdPerMillionOutputTokens: perMillion(arm?.outputTokensPerSecond),
    };
  };
  const one = costOfArm(1, rates?.one);
  const all = costOfArm(replicas, rates?.all);
  const less = (a: number | null, b: number | null) => (a === null || b === null ? null : a - b);
  const difference: RunningCost = {
    chips: all.chips - one.chips,
    usdPerHour: all.usdPerHour - one.usdPerHour,
    usdPerMonth: all.usdPerMonth - one.usdPerMonth,
    usdPerMillionRequests: less(all.usdPerMillionRequests, one.usdPerMillionRequests),
    usdPerMillionOutputTokens: less(all.usdPerMillionOutputTokens, one.usdPerMillionOutputTokens),
  };
  return { replicas, hoursPerMonth: HOURS_PER_MONTH, one, all, difference };
}

/** USD for a million units at a rate per second, from an hourly price: hourly ÷ (rate · 3600) · 10⁶. */
export function usdPerMillion(options: { usdPerHour: number; perSecond: number }): number {
  return (options.usdPerHour / (options.perSecond * 3_600)) * 1e6;
}

function timeOf(text: string): number {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new RangeError(`${text} is not a time`);
  return ms;
}
