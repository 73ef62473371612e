import type { Amounts, LimitRange, LimitRangeItem } from '../../clients/kubernetes/kinds.ts';
import { type Nanos, quantityText } from '../../lib/quantity.ts';
import type { PlannedPods } from '../../stack/planned-pods.ts';
import { amountsOf, hasPodResources, podTotal, type Resources, resourcesOf } from '../../stack/pod-resources.ts';
import type { Rules } from './brought-rules.ts';
import { findingsFailure, type PlacedFinding } from './findings.ts';
import { keptRules, notReadable } from './namespace-rules.ts';
import type { Look } from './table.ts';

/** A rule that amounts break: what is there, and what is allowed. */
interface Breach {
  /** Whether a preset that adds the amount would mend it. */
  isAbsence: boolean;
  says: string;
  fix: string;
}

/** Of whom amounts are. */
interface Whose {
  /** `container main of the replicas of qwen`. */
  what: string;
  resources: Resources;
  /** The sum over a pod, which grows by what a preset adds. */
  isSum: boolean;
}

/**
 * Holds every container and every pod against the LimitRanges of the namespace and of the manifests, after the defaults that
 * these give (plugin/pkg/admission/limitranger, `PodValidateLimitFunc`). What a preset may add is not known.
 */
export function checkLimitRanges(namespace: string, ranges: Rules<LimitRange>, pods: readonly PlannedPods[]): Look {
  const unread = ranges.isRead ? null : notReadable(namespace, 'LimitRanges', 'list', 'limitranges');
  if (ranges.all.length === 0) return unread ?? { seen: `no LimitRange in ${namespace}` };
  const findings: PlacedFinding[] = [];
  const unknown = new Set<string>();
  for (const range of ranges.all) {
    for (const item of range.spec?.limits ?? []) {
      for (const each of pods) findings.push(...broken(range, item, each, ranges.all, unknown));
    }
  }
  if (findings.length > 0) throw findingsFailure('limit-range', findings);
  return keptRules(ranges, { unread, unknown }, ['keep to', 'keeps to']);
}

function broken(
  range: LimitRange,
  item: LimitRangeItem,
  pods: PlannedPods,
  ranges: readonly LimitRange[],
  unknown: Set<string>,
): PlacedFinding[] {
  const containers = pods.containers.map((container) => resourcesOf(container, ranges));
  const rule = `LimitRange ${range.metadata.name} of ${range.metadata.namespace ?? 'the namespace'}`;
  const placed = (breach: Breach, path: PlacedFinding['path']): PlacedFinding => ({
    ...{ manifest: pods.manifest, path, fix: breach.fix },
    says: `${breach.says} (${rule})`,
  });
  const isSpoken = (isOpen: boolean, what: string) => (breach: Breach) => {
    if (!isOpen || !breach.isAbsence) return true;
    unknown.add(`what KServe sets for ${what}`);
    return false;
  };
  if (item.type === 'Container') {
    return containers.flatMap(({ container, requests, limits }) => {
      const what = `container ${container.name} of ${pods.what}`;
      return breaches(item, { what, resources: { requests, limits }, isSum: false })
        .filter(isSpoken(container.isOpen.resources, `${container.name} of ${pods.what}`))
        .map((breach) => placed(breach, [...container.path, 'resources']));
    });
  }
  if (item.type !== 'Pod') return [];
  if (hasPodResources(pods)) {
    unknown.add(`the sum over ${pods.what}`);
    return [];
  }
  const isOpen = containers.some(({ container }) => container.isOpen.resources);
  return breaches(item, { what: `each of ${pods.what}`, resources: podTotal(containers), isSum: true })
    .filter(isSpoken(isOpen, pods.what))
    .map((breach) => placed(breach, [...pods.path, 'containers']));
}

function breaches(item: LimitRangeItem, whose: Whose): Breach[] {
  const each = (rules: Amounts | undefined, judge: (name: string, bound: Nanos) => Breach[]) =>
    [...amountsOf(rules)].flatMap(([name, bound]) => judge(name, bound));
  return [
    ...each(item.min, (name, least) => below(whose, name, least)),
    ...each(item.max, (name, most) => above(whose, name, most)),
    ...each(item.maxLimitRequestRatio, (name, most) => ratio(whose, name, most)),
  ];
}

function below({ what, isSum, resources: { requests, limits } }: Whose, name: string, least: Nanos): Breach[] {
  const allowed = `allowed are at least ${quantityText(least)}`;
  const request = requests.get(name);
  const limit = limits.get(name);
  const fix = `Set requests.${name} and limits.${name} to ${quantityText(least)} or more.`;
  if (request === undefined) {
    return [{ isAbsence: true, says: `${what} requests no ${name}, and ${allowed}`, fix }];
  }
  if (request < least) {
    return [{ isAbsence: isSum, says: `${what} requests ${quantityText(request)} of ${name}, and ${allowed}`, fix }];
  }
  if (limit === undefined || limit >= least) return [];
  return [{ isAbsence: isSum, says: `${what} limits ${name} to ${quantityText(limit)}, and ${allowed}`, fix }];
}

function above({ what, resources: { requests, limits } }: Whose, name: string, most: Nanos): Breach[] {
  const allowed = `allowed are at most ${quantityText(most)}`;
  const request = requests.get(name);
  const limit = limits.get(name);
  const fix = `Set requests.${name} and limits.${name} to ${quantityText(most)} or less.`;
  if (limit !== undefined && limit > most) {
    return [{ isAbsence: false, says: `${what} limits ${name} to ${quantityText(limit)}, and ${allowed}`, fix }];
  }
  if (request !== undefined && request > most) {
    return [{ isAbsence: false, says: `${what} requests ${quantityText(request)} of ${name}, and ${allowed}`, fix }];
  }
  if (limit !== undefined) return [];
  return [{ isAbsence: true, says: `${what} limits ${name} to nothing, and ${allowed}`, fix }];
}

function ratio({ what, isSum, resources: { requests, limits } }: Whose, name: string, most: Nanos): Breach[] {
  const request = requests.get(name) ?? 0n;
  const limit = limits.get(name) ?? 0n;
  const allowed = `allowed is a limit of at most ${quantityText(most)} times the request`;
  const fix = `Set both requests.${name} and limits.${name}, the limit at most ${quantityText(most)} times the request.`;
  if (request === 0n || limit === 0n) {
    const lacks = [...(request === 0n ? ['request'] : []), ...(limit === 0n ? ['limit'] : [])].join(' and no ');
    return [{ isAbsence: true, says: `${what} has no ${lacks} of ${name}, and ${allowed}`, fix }];
  }
  if (limit * ONE <= most * request) return [];
  const shown = `${quantityText(limit)} to ${quantityText(request)}`;
  return [{ isAbsence: isSum, says: `${what} has limits and requests of ${name} of ${shown}, and ${allowed}`, fix }];
}

const ONE = 1_000_000_000n;
