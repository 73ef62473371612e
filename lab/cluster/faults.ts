import type { Store } from '../kube/store.ts';
import type { KubeObject } from '../protocol.ts';

interface Status {
  restartCount?: number;
  state?: { waiting?: { reason?: string } };
  lastState?: { terminated?: { exitCode?: number } };
}

/** Records when each fault of pods, services and routes could be seen first: from then on a client could know of it. */
export function watchFaults(store: Store): { list(): { at: number; what: string }[]; close(): void } {
  const first = new Map<string, number>();
  const note = (what: string) => {
    if (!first.has(what)) first.set(what, Date.now());
  };
  const onPod = ({ status }: KubeObject) => {
    const conditions = (status?.conditions ?? []) as { type: string; status: string; reason?: string }[];
    if (conditions.some(({ type, reason }) => type === 'PodScheduled' && reason === 'Unschedulable'))
      note('Unschedulable');
    for (const one of [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])] as Status[]) {
      const reason = one.state?.waiting?.reason;
      if (!reason || /^(?:PodInitializing|ContainerCreating)$/.test(reason)) continue;
      const exit = one.lastState?.terminated?.exitCode;
      note(reason === 'CrashLoopBackOff' ? `${reason} restarts ${one.restartCount ?? 0} exit ${exit ?? '?'}` : reason);
    }
  };
  const onService = ({ status }: KubeObject) => {
    for (const { type, status: is, reason } of (status?.conditions ?? []) as Record<string, string>[]) {
      if (is === 'False' && reason) note(`${type} ${reason}`);
    }
  };
  const unsubscribe = store.subscribe(({ type, resource, object }) => {
    if (type === 'DELETED') return;
    if (resource.plural === 'pods' && resource.group === '') onPod(object);
    if (resource.plural === 'events' && object.type === 'Warning') note(String(object.reason));
    if (resource.plural === 'llminferenceservices') onService(object);
    if (resource.plural !== 'httproutes') return;
    for (const { conditions = [] } of (object.status?.parents ?? []) as { conditions?: Record<string, string>[] }[]) {
      for (const { type: named, status: is, reason } of conditions)
        if (is === 'False') note(`route ${named} ${reason}`);
    }
  });
  return { list: () => [...first].map(([what, at]) => ({ at, what })), close: unsubscribe };
}
