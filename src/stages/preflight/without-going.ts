import type { KubeClient } from '../../clients/kubernetes/client.ts';
import { type KubeObject, keyOf, type ObjectRef, type OwnedRef } from '../../clients/kubernetes/objects.ts';

/**
 * A client whose lists leave out what is deleted before the deploy, and what the garbage collector deletes with it. An
 * object that was recorded with its UID is not the namesake that somebody made since. `namespace` is that of references
 * without one.
 */
export function withoutGoing(kube: KubeClient, going: readonly OwnedRef[], namespace: string): KubeClient {
  const gone = new Map(going.map((ref) => [keyOf(ref, namespace), ref.uid]));
  const isGone = (ref: ObjectRef, uid: string | undefined) => {
    const key = keyOf(ref, namespace);
    const recorded = gone.get(key);
    return gone.has(key) && (recorded === undefined || recorded === uid);
  };
  const goes = ({ apiVersion, kind, metadata }: KubeObject) => {
    const { ownerReferences: owners = [] } = metadata;
    const isOwnerGone = ({ apiVersion = '', kind, name, uid }: (typeof owners)[number]) =>
      isGone({ apiVersion, kind, name, namespace: metadata.namespace }, uid);
    if (isGone({ apiVersion, kind, ...metadata }, metadata.uid)) return true;
    return owners.length > 0 && owners.every(isOwnerGone);
  };
  const list = async (...asked: Parameters<KubeClient['list']>) => {
    const [apiVersion, kind] = asked;
    const there = await kube.list(...asked);
    // An object of a list names neither its kind nor its version.
    return there?.filter((object) => !goes({ ...object, apiVersion, kind } as KubeObject)) ?? null;
  };
  return { ...kube, list: list as KubeClient['list'] };
}
