import type { KubeClient } from '../../clients/kubernetes/client.ts';
import { type KubeObject, keyOf, type OwnedRef } from '../../clients/kubernetes/objects.ts';

/**
 * A client whose lists leave out what is deleted before the deploy. An object that was recorded with its UID is not the
 * namesake that somebody made since. `namespace` is that of references without one.
 */
export function withoutGoing(kube: KubeClient, going: readonly OwnedRef[], namespace: string): KubeClient {
  const gone = new Map(going.map((ref) => [keyOf(ref, namespace), ref.uid]));
  const goes = ({ apiVersion, kind, metadata }: KubeObject) => {
    const key = keyOf({ apiVersion, kind, ...metadata }, namespace);
    const uid = gone.get(key);
    return gone.has(key) && (uid === undefined || uid === metadata.uid);
  };
  const list = async (...asked: Parameters<KubeClient['list']>) => {
    const [apiVersion, kind] = asked;
    const there = await kube.list(...asked);
    // An object of a list names neither its kind nor its version.
    return there?.filter((object) => !goes({ ...object, apiVersion, kind } as KubeObject)) ?? null;
  };
  return { ...kube, list: list as KubeClient['list'] };
}
