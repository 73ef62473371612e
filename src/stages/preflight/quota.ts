import type { KubeClient } from '../../clients/kubernetes/client.ts';
import type { LimitRange, ResourceQuota } from '../../clients/kubernetes/kinds.ts';
import { type Nanos, quantityText } from '../../lib/quantity.ts';
import { childrenOf, type PlannedPods } from '../../stack/planned-pods.ts';
import {
  amountsOf,
  type ContainerResources,
  DEMANDED,
  hasPodResources,
  podTotal,
  quotaUsage,
  resourcesOf,
} from '../../stack/pod-resources.ts';
import type { Rules } from './brought-rules.ts';
import { findingsFailure, type PlacedFinding } from './findings.ts';
import { keptRules, notReadable } from './namespace-rules.ts';
import { isAbout } from './quota-scopes.ts';
import { countedNow, freed } from './quota-use.ts';
import type { Look } from './table.ts';

/** What the quotas of a namespace are held against. */
export interface QuotaSubject {
  namespace: string;
  quotas: Rules<ResourceQuota>;
  ranges: readonly LimitRange[];
  pods: readonly PlannedPods[];
  /** Names of services whose pods go before the new ones come. */
  passing: readonly string[];
}

/** Pods with their resources. */
interface Asking {
  pods: PlannedPods;
  containers: ContainerResources[];
}

/**
 * Whether the pods fit into what the ResourceQuotas of the namespace have left, and set what these demand. Those that the
 * manifests bring count as well. An amount that a preset may add is not known, so a quota is refused only for what is known
 * to be too much.
 */
export async function checkQuotas(kube: Pick<KubeClient, 'list'>, subject: QuotaSubject): Promise<Look> {
  const { namespace, quotas, ranges, pods } = subject;
  const unread = quotas.isRead ? null : notReadable(namespace, 'ResourceQuotas', 'list', 'resourcequotas');
  if (quotas.all.length === 0) return unread ?? { seen: `no ResourceQuota in ${namespace}` };
  const asking = pods.map((each) => ({
    pods: each,
    containers: each.containers.map((container) => resourcesOf(container, ranges)),
  }));
  const findings: PlacedFinding[] = [];
  const unknown = new Set<string>();
  let isOthers = false;
  for (const quota of quotas.all) {
    const concerned = asking.filter(({ pods: each, containers }) => {
      const judged = isAbout(quota, each, containers);
      if (judged === null) unknown.add(`whether ${quota.metadata.name} is about ${each.what}`);
      return judged === true;
    });
    const found = await judge(kube, quota, concerned, subject, unknown);
    isOthers ||= found.length > 0 && !quotas.brought.has(quota.metadata.name);
    findings.push(...found);
  }
  if (findings.length > 0) throw findingsFailure('pod-quota', findings, { blame: isOthers ? 'cluster' : 'change' });
  return keptRules(quotas, { unread, unknown }, ['fit into', 'fits into']);
}

async function judge(
  kube: Pick<KubeClient, 'list'>,
  quota: ResourceQuota,
  asking: readonly Asking[],
  subject: QuotaSubject,
  unknown: Set<string>,
): Promise<PlacedFinding[]> {
  const findings = asking.flatMap((each) => unset(quota, each, subject, unknown));
  const { name: called } = quota.metadata;
  const hard = amountsOf(quota.status?.hard ?? quota.spec?.hard);
  const isCounted = quota.status?.used !== undefined;
  const used = isCounted ? amountsOf(quota.status?.used) : await countedNow(kube, subject.namespace, quota);
  for (const [name, allowed] of hard) {
    const parts = shares(name, asking);
    const need = parts.reduce((sum, { amount }) => sum + amount, 0n);
    const { pods } = parts[0] ?? {};
    if (!pods) continue;
    const isObject = childrenOf(pods.manifest.object)[name] !== undefined;
    if (need <= allowed && isObject && !isCounted) {
      unknown.add(`how many ${name} exist, of which ${called} allows ${quantityText(allowed)}`);
      continue;
    }
    if (need + (used.get(name) ?? 0n) <= allowed) continue;
    if (need <= allowed && isObject) {
      unknown.add(`whether ${name} of ${called} is enough: ${left(name, allowed, used)}`);
      continue;
    }
    const others = (used.get(name) ?? 0n) - (need <= allowed ? await freed(kube, subject, name) : 0n);
    if (need + others <= allowed) continue;
    findings.push({
      manifest: pods.manifest,
      path: name.includes('pods') ? [...pods.path.slice(0, -1), 'replicas'] : [...pods.path, 'containers'],
      says: `${parts.map(({ text }) => text).join(' and ')} need ${quantityText(need)} of ${name}, and ResourceQuota ${called} of ${subject.namespace} has ${left(name, allowed, used)}`,
      fix: fixOf(quota, name, subject),
    });
  }
  return findings;
}

function fixOf({ metadata }: ResourceQuota, resource: string, { namespace, quotas }: QuotaSubject): string {
  const own = quotas.brought.get(metadata.name);
  const fix = 'free what uses it, or ask for less: kubectl -n';
  if (!own) return `Raise the quota, ${fix} ${namespace} describe resourcequota ${metadata.name}.`;
  const line = own.lineOf?.(['spec', 'hard', resource]) ?? own.line;
  const at = `${own.file}${line === null ? '' : `:${line}`}`;
  return `Raise ${resource} of ResourceQuota ${metadata.name} (${at}), or ask for less.`;
}

function left(name: string, allowed: Nanos, used: ReadonlyMap<string, Nanos>): string {
  const taken = used.get(name) ?? 0n;
  const free = allowed > taken ? allowed - taken : 0n;
  return `${quantityText(free)} left of ${quantityText(allowed)}`;
}

/** What each kind of pods needs of one resource of a quota, where it needs any. */
function shares(name: string, asking: readonly Asking[]): { pods: PlannedPods; amount: Nanos; text: string }[] {
  return asking.flatMap(({ pods, containers }) => {
    const child = name.includes('pods') ? undefined : childrenOf(pods.manifest.object)[name];
    // The objects of a service are counted once, with its replicas.
    if (child !== undefined) {
      if (!pods.isOpen || pods.path.includes('scheduler')) return [];
      return [{ pods, amount: BigInt(child) * ONE, text: `${child} objects of ${pods.manifest.object.metadata.name}` }];
    }
    const each = hasPodResources(pods) ? undefined : quotaUsage(podTotal(containers)).get(name);
    const amount = (each ?? 0n) * BigInt(pods.count);
    if (each === undefined || amount === 0n) return [];
    return [{ pods, amount, text: `${pods.what} (${pods.count} × ${quantityText(each)})` }];
  });
}

const ONE = 1_000_000_000n;

/** Resources that the quota makes every container set, and that one does not. */
function unset(
  quota: ResourceQuota,
  { pods, containers }: Asking,
  { namespace }: QuotaSubject,
  unknown: Set<string>,
): PlacedFinding[] {
  if (hasPodResources(pods)) return [];
  const names = Object.keys(quota.status?.hard ?? quota.spec?.hard ?? {});
  const demanded = names.flatMap((name) => {
    const wanted = DEMANDED[name];
    return wanted ? [{ name, field: wanted[0], resource: wanted[1] }] : [];
  });
  return containers.flatMap((one) => {
    const missing = demanded.filter(({ field, resource }) => !one[field].has(resource));
    if (missing.length === 0) return [];
    const { name, path, isOpen } = one.container;
    if (isOpen.resources) {
      unknown.add(`what KServe sets for ${name} of ${pods.what}`);
      return [];
    }
    const fields = [...new Set(missing.map(({ field, resource }) => `resources.${field}.${resource}`))];
    return [
      {
        manifest: pods.manifest,
        path: [...path, 'resources'],
        says: `container ${name} of ${pods.what} sets no ${fields.join(', ')}, and ResourceQuota ${quota.metadata.name} of ${namespace} counts ${missing.map((each) => each.name).join(', ')}, so every container must set ${fields.length === 1 ? 'it' : 'them'}`,
        fix: `Set ${fields.join(', ')} of container ${name}, or give the namespace a LimitRange with defaults.`,
      },
    ];
  });
}
