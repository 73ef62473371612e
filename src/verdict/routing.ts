import { percentUpTo, upTo } from '../lib/number.ts';
import type { Check, CheckOutcome, GatewayEvidence, PodCount, RoutingEvidence } from '../report/model.ts';
import { chanceAllOnOne, chanceOfAffinity } from './chance.ts';
import { clopperPearsonLower, wilsonLimits } from './statistics.ts';

/** Share of the requests that the gateway must have asked the endpoint picker about. */
const ENGAGED = 0.99;

/**
 * The gateway asks the endpoint picker about each request, and the picker responds. Two witnesses: the gateway's own
 * Envoys count each request to it as one stream, and its errors; the mark that ext_proc leaves on answers is the picker's
 * response. Envoy never counts such a stream as a success, so only the mark can witness the response.
 */
export function checkPicker(
  header: RoutingEvidence['pickerHeader'],
  gateway: GatewayEvidence | null,
  sent: number,
): Check {
  const check = (outcome: CheckOutcome, seen: string): Check => ({
    id: 'picker-engaged',
    title: 'The gateway asks the endpoint picker',
    expected: 'about each request',
    seen,
    outcome,
  });
  const marks = header
    ? `${header.seen} of ${header.answers} answers carry its mark`
    : 'no answer shows whether it carries its mark';
  const marked = header && header.answers > 0 ? header.seen / header.answers : null;
  const allMarked = marked !== null && marked >= ENGAGED;
  if (gateway?.picker) {
    const { requests, errors, connectFailures } = gateway.picker;
    const failures = [
      ...(errors > 0 ? [`, ${errors} of them failed`] : []),
      ...(connectFailures > 0 ? [`, ${connectFailures} connections to it failed`] : []),
    ].join('');
    const seen = `the gateway counts ${requests} requests to it${failures}, ${sent} were sent; ${marks}`;
    const asked = requests >= ENGAGED * sent && errors + connectFailures <= (1 - ENGAGED) * sent;
    if (asked && allMarked) return check('pass', seen);
    // Asked without an error, and no answer has the mark: nothing shows that the picker responded, nothing that it did not.
    if (asked && marked === 0) return check('inconclusive', seen);
    // Either witness may be the one that lies.
    return check(allMarked ? 'inconclusive' : 'fail', seen);
  }
  const because = gateway?.problem
    ? `the counters of the gateway could not be read (${gateway.problem})`
    : 'the gateway counts nothing for it';
  if (allMarked) return check('pass', `${marks}; ${because}`);
  if (marked !== null && marked > 0) return check('fail', `${marks}; ${because}`);
  return check('not-observable', `${marks}, which old ones leave nowhere; ${because}`);
}

/** Chance that placement without affinity looks as good as what was seen; above it, it may be just that. */
const ALL_AT_HOME_CHANCE = 1e-3;
const NO_BETTER_THAN_CHANCE = 0.01;
const STICKINESS = 0.9;

/**
 * Requests with the same prefix go to the same replica. `groups` holds, per group of prompts with one prefix, which pod
 * served how many (from the pods' counters). Passes when all stayed with their group's replica and chance would not do
 * that, or when the stay-at-home share is above 0.9 with 95 % confidence. Fails when the spread is what random
 * placement gives. Several groups that all live on one replica prove no affinity either.
 */
export function checkSharedPrefix(groups: readonly (readonly PodCount[])[], replicas: number): Check {
  const title = 'Requests with one prefix go to one replica';
  const sizes = groups.map(total).filter((size) => size > 0);
  const sent = sizes.reduce((sum, size) => sum + size, 0);
  const check = (outcome: CheckOutcome, seen: string): Check => ({
    id: 'prefix-affinity',
    title,
    expected: groups.length > 1 ? 'each group on one replica' : 'all on one replica',
    seen,
    outcome,
  });
  if (sent === 0) return check('not-observable', 'the replicas’ counters do not show who served');
  if (replicas < 2) return check('not-observable', 'one replica: every route is the same');

  const homes = groups.filter((group) => total(group) > 0).map(favourite);
  const atHome = homes.reduce((sum, home) => sum + home.requests, 0);
  const distinct = new Set(homes.map((home) => home.pod)).size;
  const counts =
    sizes.length === 1
      ? shares(groups.find((group) => total(group) > 0)!)
      : `${atHome} of ${sent} on their group’s own${distinct > 1 ? `, ${homes.length} groups on ${distinct} replicas` : ''}`;
  const chance = chanceOfAffinity(sizes, atHome, replicas);
  if (atHome === sent && chance > ALL_AT_HOME_CHANCE) {
    return check('inconclusive', `${counts}; too few to decide: chance does this ${odds(chance)}`);
  }
  if (chance > NO_BETTER_THAN_CHANCE) {
    return check('fail', `${counts}; random placement does as well ${odds(chance)}`);
  }
  if (distinct === 1) {
    // A router that knows one replica only looks as faithful as one that chooses.
    if (homes.length > 1 && chanceAllOnOne(homes.length, replicas) < NO_BETTER_THAN_CHANCE) {
      return check('inconclusive', `${counts}, but all ${homes.length} groups on ${homes[0]!.pod}: no sign of choice`);
    }
  }
  // Home is where most of a group went, so one of each group is there whatever the router does.
  const followers = { sent: sent - homes.length, atHome: atHome - homes.length };
  if (atHome === sent || clopperPearsonLower(followers.atHome, followers.sent) >= STICKINESS) {
    return check('pass', counts);
  }
  return check('inconclusive', `${counts}; more than chance, but not all`);
}

/** Shares that count as even, as multiples of 1/replicas: 0.22 to 0.45 for three. */
const EVEN = { low: 0.66, high: 1.35 };

/**
 * Unique prompts spread over the replicas. An equivalence test: Bonferroni-corrected Wilson limits (95 % together) of
 * every replica's share must lie inside the even range; any share wholly outside fails; else more requests are needed.
 * A chi-square test would answer another question: it rejects trifles in large samples and overlooks lopsided small ones.
 */
export function checkUniqueSpread(perPod: readonly PodCount[], replicas: number): Check {
  const low = EVEN.low / replicas;
  const high = Math.min(1, EVEN.high / replicas);
  const check = (outcome: CheckOutcome, seen: string): Check => ({
    id: 'unique-spread',
    title: 'Unique prompts spread over the replicas',
    expected: `each replica ${percentUpTo(low, 0)}–${percentUpTo(high, 0)}`,
    seen,
    outcome,
  });
  const sent = total(perPod);
  if (sent === 0) return check('not-observable', 'the replicas’ counters do not show who served');
  if (replicas < 2) return check('not-observable', 'one replica: there is nothing to spread over');

  const counts = perPod.map((pod) => pod.requests);
  while (counts.length < replicas) counts.push(0);
  const limits = counts.map((count) => wilsonLimits(count, sent, 1 - 0.05 / replicas));
  const seen = `${counts.join(' / ')} (${counts.map((count) => percentUpTo(count / sent, 0)).join(' / ')})`;
  if (limits.some((limit) => limit.low > high || limit.high < low)) return check('fail', seen);
  if (limits.every((limit) => limit.low >= low && limit.high <= high)) return check('pass', seen);
  return check('inconclusive', `${seen}; ${sent} requests are too few to decide`);
}

export interface HitRateEvidence {
  /** Hits ÷ queries in tokens over the shared-prefix requests, from the pods' counters; null when not readable. */
  measured: number | null;
  aware: number;
  random: number;
}

/** Position between the two expectations from which the rate counts as aware, and below which as random. */
const AWARE_FROM = 0.8;
const RANDOM_BELOW = 0.5;
const SMALLEST_GAP = 0.05;

/**
 * The prefix cache was hit as often as affinity makes it. Judged by where the measured rate lies between what random
 * (0) and prefix-aware routing (1) would give, for a fixed band such as 60–70 % can be reached at random.
 */
export function checkCacheHits(evidence: HitRateEvidence): Check {
  const { measured, aware, random } = evidence;
  const check = (outcome: CheckOutcome, seen: string): Check => ({
    id: 'cache-hits',
    title: 'Shared prefixes are served from the cache',
    expected: `near ${percentUpTo(aware)} (random routing: ${percentUpTo(random)})`,
    seen,
    outcome,
  });
  if (measured === null) return check('not-observable', 'the prefix-cache counters could not be read');
  if (aware - random < SMALLEST_GAP) {
    return check('inconclusive', `${percentUpTo(measured)}; this workload cannot tell the two apart`);
  }
  const position = (measured - random) / (aware - random);
  const seen = `${percentUpTo(measured)} (${upTo(position, 2)} of the way from random to aware)`;
  if (position >= AWARE_FROM) return check('pass', seen);
  return check(position < RANDOM_BELOW ? 'fail' : 'inconclusive', seen);
}

function total(group: readonly PodCount[]): number {
  return group.reduce((sum, pod) => sum + pod.requests, 0);
}

function favourite(group: readonly PodCount[]): PodCount {
  return group.reduce((best, pod) => (pod.requests > best.requests ? pod : best));
}

function shares(group: readonly PodCount[]): string {
  const best = favourite(group);
  const sent = total(group);
  if (best.requests === sent) return `${sent} of ${sent} on ${best.pod}`;
  return group.map((pod) => pod.requests).join(' / ');
}

function odds(chance: number): string {
  if (chance > 0.5) return 'more often than not';
  return `once in ${upTo(1 / chance, 0)} times`;
}
