import type { KubeClient } from '../../clients/kubernetes/client.ts';
import type { ObjectOf } from '../../clients/kubernetes/kinds.ts';
import type { ObjectRef } from '../../clients/kubernetes/objects.ts';

export interface SharedReads extends KubeClient {
  /**
   * Whether the API server returned this object to a request for it alone, which proves the right to get it. An object
   * that was taken from a list proves nothing, and neither does one that is missing.
   */
  gets(ref: ObjectRef): Promise<boolean>;
}

/**
 * How old a look at all groups of the cluster may be, milliseconds, that a check takes for the present state. The run makes
 * it as it begins; a group that is installed after that is as new to preflight as one that comes after a list.
 */
const AS_NOW_MS = 60_000;

/**
 * A client whose reads of the same objects are one request: checks that run side by side look at the same things. An object of
 * a whole list that was asked for before is taken from that, unless the list failed.
 */
export function sharedReads(kube: KubeClient): SharedReads {
  const asked = new Set<string>();
  const known = new Map<string, Promise<unknown>>();
  const once = <T>(what: unknown[], read: () => Promise<T>): Promise<T> => {
    const key = JSON.stringify(what);
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
    if (objects === undefined) {
      asked.add(getKey(ref));
      return kube.get(ref);
    }
    const isIt = ({ metadata }: ObjectOf<Kind>) => metadata.name === name && metadata.namespace === namespace;
    return objects?.find(isIt) ?? null;
  };
  const get: KubeClient['get'] = (ref) => once(['get', getKey(ref)], () => object(ref));
  return {
    ...kube,
    get,
    async gets(ref) {
      const found = await get(ref).catch(() => null);
      return found !== null && asked.has(getKey(ref));
    },
    list: (apiVersion, kind, options = {}) => {
      const { namespace, labelSelector, fieldSelector } = options;
      const selectors = labelSelector || fieldSelector ? [labelSelector, fieldSelector] : [];
      return once(listKey(apiVersion, kind, namespace, selectors), () => kube.list(apiVersion, kind, options));
    },
    rulesIn: (namespace) => once(['rules', namespace], () => kube.rulesIn(namespace)),
    versionsOf: (group) => once(['versions', group], () => kube.versionsOf(group, { maxAgeMs: AS_NOW_MS })),
  };
}

function getKey({ apiVersion, kind, namespace, name }: ObjectRef): string {
  return JSON.stringify([apiVersion, kind, namespace, name]);
}
