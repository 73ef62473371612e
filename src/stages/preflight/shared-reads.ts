import type { KubeClient } from '../../clients/kubernetes/client.ts';

/** A client whose reads of the same objects are one request: checks that run side by side look at the same things. */
export function sharedReads(kube: KubeClient): KubeClient {
  const known = new Map<string, Promise<unknown>>();
  const once = <T>(asked: unknown[], read: () => Promise<T>): Promise<T> => {
    const key = JSON.stringify(asked);
    const found = known.get(key) ?? read();
    known.set(key, found);
    return found as Promise<T>;
  };
  return {
    ...kube,
    get: (ref) => once(['get', ref.apiVersion, ref.kind, ref.namespace, ref.name], () => kube.get(ref)),
    list: (apiVersion, kind, options = {}) =>
      once(['list', apiVersion, kind, options.namespace, options.labelSelector, options.fieldSelector], () =>
        kube.list(apiVersion, kind, options),
      ),
    rulesIn: (namespace) => once(['rules', namespace], () => kube.rulesIn(namespace)),
    versionsOf: (group) => once(['versions', group], () => kube.versionsOf(group)),
  };
}
