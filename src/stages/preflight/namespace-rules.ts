import type { KubeClient } from '../../clients/kubernetes/client.ts';
import { unlessForbidden } from '../../clients/kubernetes/forbidden.ts';
import type { LimitRange, ResourceQuota } from '../../clients/kubernetes/kinds.ts';
import { type RuleChange, type Rules, rulesOf } from './brought-rules.ts';
import type { Look } from './table.ts';

/** What admission in a namespace judges pods by. */
export interface NamespaceRules {
  quotas: Rules<ResourceQuota>;
  ranges: Rules<LimitRange>;
  /** Labels of the namespace; null where the identity may not read them. */
  labels: Readonly<Record<string, string>> | null;
}

/**
 * Reads quotas, limit ranges and labels of a namespace, each once and side by side. Returns the rules as they will be when
 * the pods are made: with those of the manifests.
 */
export async function readNamespaceRules(
  kube: Pick<KubeClient, 'get' | 'list'>,
  { namespace, ...change }: RuleChange,
): Promise<NamespaceRules> {
  const [quotas, ranges, labels] = await Promise.all([
    unlessForbidden(async () => (await kube.list('v1', 'ResourceQuota', { namespace })) ?? []),
    unlessForbidden(async () => (await kube.list('v1', 'LimitRange', { namespace })) ?? []),
    unlessForbidden(async () => {
      const object = await kube.get({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
      return object?.metadata.labels ?? {};
    }),
  ]);
  return {
    quotas: rulesOf<ResourceQuota>('ResourceQuota', quotas, { namespace, ...change }),
    ranges: rulesOf<LimitRange>('LimitRange', ranges, { namespace, ...change }),
    labels,
  };
}

/**
 * The line of rules that no pod breaks. `unread` is the line of what may not be read; null where all was. `unknown` has what
 * could not be judged. `verb` goes with `the pods`, and with `what is known of the pods`: `['fit into', 'fits into']`.
 */
export function keptRules(
  { all }: Rules<ResourceQuota | LimitRange>,
  { unread, unknown }: { unread: Look | null; unknown: ReadonlySet<string> },
  [many, one]: readonly [string, string],
): Look {
  const names = all.map(({ metadata }) => metadata.name).join(', ');
  const seen =
    unknown.size === 0
      ? `the pods ${many} ${names}`
      : `what is known of the pods ${one} ${names}; not known is ${[...unknown].join(', ')}`;
  if (unread !== null) return { ...unread, seen: `${unread.seen}; ${seen}` };
  return unknown.size === 0 ? { seen } : { outcome: 'not-checked', seen };
}

/** The line of a rule that the identity may not read, with the command that lets it. `resource` is a plural. */
export function notReadable(namespace: string, what: string, verb: 'get' | 'list', resource: string): Look {
  const role = `tpu-serving-gate-${resource}`;
  const only = verb === 'get' ? ` --resource-name ${namespace}` : '';
  return {
    outcome: 'not-checked',
    seen: `${what} of ${namespace} may not be read`,
    remedy: `kubectl -n ${namespace} create role ${role} --verb ${verb} --resource ${resource}${only}; kubectl -n ${namespace} create rolebinding ${role} --role ${role} --user IDENTITY`,
  };
}
