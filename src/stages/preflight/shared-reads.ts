import type { KubeClient } from '../../clients/kubernetes/client.ts';
import type { ObjectOf } from '../../clients/kubernetes/kinds.ts';
import type { ObjectRef } from '../../clients/kubernetes/objects.ts';

/**
 * A client whose reads of the same objects are one request: checks that run side by side look at the same things. An object of
 * a whole list that was asked for before is taken from that, unless the list failed.
 */
export function sharedReads(kube: KubeClient): KubeClient {
  const known = new Map<string, Promise<unknown>>();
  const once = <T>(asked: unknown[], read: () => Promise<T>): Promise<T> => {
    const key = JSON.stringify(asked);
    const found = known.get(key) ?? read();
    known.set(key, found);
    return found as Promise<T>;
  };
  const listKey = (apiVersion: string, kind: string, namespace: string | undefined, selectors: unknown[] = []) => {
    return ['list', apiVersion, kind, namespace, ...selectors];
  };
  const object = async <Kind extends string>(ref: ObjectRef<Kind>): Promise<ObjectOf<Kind> | null> => {
    const { apiVersion, kind, namespace, name } = ref;
    const list =
      known.get(JSON.stringify(listKey(apiVersion, kind, namespace))) ??
      known.get(JSON.stringify(listKey(apiVersion, kind, undefined)));
    const objects = await (list as Promise<ObjectOf<Kind>[] | null> | undefined)?.catch(() => undefined);
    if (objects === undefined) return kube.get(ref);
    const isIt = ({ metadata }: ObjectOf<Kind>) => metadata.name === name && metadata.namespace === namespace;
    return objects?.find(isIt) ?? null;
  };
  return {
    ...kube,
    get: (ref) => once(['get', ref.apiVersion, ref.kind, ref.namespace, ref.name], () => object(ref)),
    list: (apiVersion, kind, options = {}) => {
      const { namespace, labelSelector, fieldSelector } = options;
      const selectors = labelSelector || fieldSelector ? [labelSelector, fieldSelector] : [];
      return once(listKey(apiVersion, kind, namespace, selectors), () => kube.list(apiVersion, kind, options));
    },
    rulesIn: (namespace) => once(['rules', namespace], () => kube.rulesIn(namespace)),
    versionsOf: (group) => once(['versions', group], () => kube.versionsOf(group)),
  };
}
