import type { Store } from '../../lab/kube/store.ts';
import type { KubeObject } from '../../lab/protocol.ts';

const NODES = { group: '', plural: 'nodes' };
const PODS = { group: '', plural: 'pods' };

/** Pods beside those of the gate, and what is seen of all of them. */
export interface Actors {
  /** Pods by name, with the node of each; null for one that waits. */
  pods(): { name: string; node: string | null }[];
  /** What KServe would make of the manifests: pods that ask for all chips of a node. */
  replicas(count: number): void;
  endReplicas(): void;
  /** Somebody else's pod that would take any chips it can get, with the priority of what holds nodes. */
  rival(): void;
  /** Watches from now on. Returns the nodes that were seen without a pod on them, or one for which room was made. */
  watchChips(): () => string[];
  /** Resolves when the scheduler has nothing left to do. */
  settled(): Promise<void>;
}

export function actors(store: Store): Actors {
  const make = (name: string, more: object = {}) =>
    store.create(PODS, {
      ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'ns' } },
      spec: {
        containers: [{ name: 'main', resources: { limits: { 'google.com/tpu': '4' } } }],
        tolerations: [{ key: 'google.com/tpu', operator: 'Exists' }],
        nodeSelector: { 'cloud.google.com/gke-nodepool': 'v6e' },
        ...more,
      },
    });
  const names = () => store.list(PODS).filter(({ metadata }) => /^(?:replica-|rival)/.test(metadata.name));
  return {
    pods: () =>
      store
        .list(PODS)
        .map(({ metadata, spec }) => ({ name: metadata.name, node: (spec?.nodeName as string | undefined) ?? null }))
        .sort((a, b) => a.name.localeCompare(b.name)),
    replicas(count) {
      for (let index = 0; index < count; index += 1) make(`replica-${index}`);
    },
    endReplicas() {
      for (const { metadata } of names()) store.delete(PODS, metadata.namespace, metadata.name);
    },
    rival: () => void make('rival', { priority: -1 }),
    watchChips() {
      const seen = new Set<string>();
      const isOn = (node: string) => (pod: KubeObject) =>
        pod.spec?.nodeName === node || pod.status?.nominatedNodeName === node;
      store.subscribe(() => {
        const pods = store.list(PODS).filter(({ metadata }) => metadata.name !== 'rival');
        for (const { metadata } of store.list(NODES)) if (!pods.some(isOn(metadata.name))) seen.add(metadata.name);
      });
      return () => [...seen];
    },
    async settled() {
      for (let quiet = 0, at = store.revision(); quiet < 10; ) {
        await new Promise((resolve) => setTimeout(resolve, 10));
        quiet = store.revision() === at ? quiet + 1 : 0;
        at = store.revision();
      }
    },
  };
}
