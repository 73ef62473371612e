import { describe, groupOf, type KubeObject, keyOf, refOf } from '../../clients/kubernetes/objects.ts';
import { errorText, Failure } from '../../lib/failure.ts';
import { selectorOf } from '../../stack/labels.ts';
import type { Prepared, StageContext } from '../context.ts';
import type { LeaseRecord } from '../lease/lease-record.ts';
import { awaitDeletion } from './await-deletion.ts';
import { MANAGED_BY, mayBeDeleted, STACK_LABEL, stackOf } from './marks.ts';
import { makerOf } from './ownership.ts';

const FIELD_MANAGER = 'tpu-serving-gate';

/** What the patterns are made of. Kinds beside them are looked for where the present manifests have one. */
const PRUNED_KINDS: readonly { apiVersion: string; kind: string }[] = [
  { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' },
  { apiVersion: 'networking.istio.io/v1', kind: 'DestinationRule' },
  { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute' },
  { apiVersion: 'v1', kind: 'Service' },
];

/**
 * Deletes what an earlier commit of this stack applied and this one dropped. An object that goes was made by a run of the
 * gate that is over, carries the gate's label and the stack's, was applied by the gate's own field manager, lies in the
 * stack's namespace and has no owner. An object of anybody else stays. A kind that may not be listed is a
 * warning. Returns what was deleted.
 */
export async function prune(
  context: StageContext,
  prepared: Prepared,
  leases: readonly LeaseRecord[],
): Promise<number> {
  const { kube, emit } = context;
  const { service, manifests } = prepared;
  const kept = new Set(manifests.map(({ object }) => keyOf(refOf(object), service.namespace)));
  const labels = { ...MANAGED_BY, [STACK_LABEL]: stackOf(service.name) };
  const labelSelector = selectorOf(labels);
  let pruned = 0;
  for (const { apiVersion, kind } of kindsOf(prepared)) {
    context.signal.throwIfAborted();
    let found: KubeObject[];
    try {
      found = (await kube.list(apiVersion, kind, { namespace: service.namespace, labelSelector })) ?? [];
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'kube-permission') throw error;
      emit({ type: 'warning', text: `${kind} of an earlier commit cannot be looked for: ${errorText(error)}` });
      continue;
    }
    for (const object of found) {
      const ref = refOf(object);
      if (kept.has(keyOf(ref, service.namespace)) || !isPrunable(object, labels)) continue;
      const maker = makerOf(object, context.runKey, leases, kube.serverTime());
      if (maker !== 'us' && maker !== 'ended-run') continue;
      if (!(await kube.remove(ref, { uid: object.metadata.uid }))) continue;
      await awaitDeletion(context, 'deploy', ref, { uid: object.metadata.uid });
      pruned += 1;
      emit({ type: 'fact', stage: 'deploy', text: `pruned ${describe(ref)}, which the manifests no longer have` });
    }
  }
  return pruned;
}

/** The server has selected by label already; a label is the last thing to be taken on trust before a deletion. */
export function isPrunable(object: KubeObject, labels: Readonly<Record<string, string>>): boolean {
  const { metadata } = object;
  return (
    mayBeDeleted(object) &&
    Object.entries(labels).every(([name, value]) => metadata.labels?.[name] === value) &&
    (metadata.ownerReferences ?? []).length === 0 &&
    metadata.deletionTimestamp === undefined &&
    (metadata.managedFields ?? []).some(isApplyOfTheGate)
  );
}

function isApplyOfTheGate(entry: unknown): boolean {
  const { manager, operation }: { manager?: unknown; operation?: unknown } = entry ?? {};
  return manager === FIELD_MANAGER && operation === 'Apply';
}

function kindsOf({ manifests, service }: Prepared): { apiVersion: string; kind: string }[] {
  const all = [
    { apiVersion: service.apiVersion, kind: 'LLMInferenceService' },
    ...PRUNED_KINDS,
    ...manifests.map(({ object: { apiVersion, kind } }) => ({ apiVersion, kind })),
  ];
  // By group and kind: the versions of a group are one collection.
  const byName = new Map(all.map((one) => [`${groupOf(one.apiVersion)}/${one.kind}`, one]));
  return [...byName.values()].filter(mayBeDeleted);
}
