import { isAbort } from '../errors.ts';
import type { Store } from '../kube/store.ts';
import type { KubeObject } from '../protocol.ts';
import type { Scenario } from '../scenarios/scenarios.ts';
import type { ClusterClock } from './clock.ts';
import { waitForVolumes } from './container-config.ts';
import { runContainer, runInit } from './container-process.ts';
import type { RecordEvent } from './events.ts';
import { writeStatus } from './objects.ts';
import type { ContainerSpec, PodApi, PodContext, Programs } from './pod-context.ts';
import type { PodLogs } from './pod-logs.ts';
import { newPodRecord, podStatus } from './pod-status.ts';
import type { Replicas } from './replicas.ts';
import { NODES, PODS } from './resources.ts';

/** Seconds that the containers of a pod take to stop when they are told to. */
const STOP = 4;

interface PodLife {
  context: PodContext;
  end: AbortController;
  /** Settled when its containers have ended. */
  over: Promise<void>;
  stopping: boolean;
}

/** Every node's kubelet: runs the pods that are bound to a node and ends those that are deleted. */
export function startKubelet(options: {
  store: Store;
  clock: ClusterClock;
  record: RecordEvent;
  logs: PodLogs;
  replicas: Replicas;
  scenario: Scenario;
  programs?: Programs;
  /** For programs in pods that ask the API server. */
  api?: Promise<PodApi>;
  /** First two bytes of the pods' addresses. */
  network?: string;
}): { close(): Promise<void> } {
  const { store, clock, record, logs, replicas, network = '10.8' } = options;
  const lives = new Map<string, PodLife>();
  const images = new Map<string, Set<string>>();
  const closing = new AbortController();
  let addresses = 3;

  const take = (pod: KubeObject) => {
    const nodeName = pod.spec.nodeName as string;
    const node = store.get(NODES, undefined, nodeName);
    const hostIp = node?.status?.addresses?.[0]?.address ?? '10.164.0.1';
    addresses += 1;
    const podRecord = newPodRecord(pod, hostIp, `${network}.${addresses >> 8}.${addresses & 255}`);
    const onNode = images.get(nodeName) ?? new Set<string>();
    images.set(nodeName, onNode);
    const end = new AbortController();
    const context: PodContext = {
      pod,
      record: podRecord,
      store,
      clock,
      logs,
      replicas,
      scenario: options.scenario,
      images: onNode,
      programs: options.programs ?? null,
      api: options.api ?? null,
      signal: AbortSignal.any([end.signal, closing.signal]),
      publish() {
        const current = store.get(PODS, pod.metadata.namespace, pod.metadata.name);
        if (current) writeStatus(store, PODS, pod, podStatus(current, podRecord));
      },
      event: record,
    };
    const over = background(() => run(context));
    lives.set(pod.metadata.uid as string, { context, end, over, stopping: false });
  };

  const stop = async (life: PodLife) => {
    const { pod, record: podRecord } = life.context;
    for (const container of podRecord.main.filter((one) => 'running' in one.state)) {
      record(pod, 'Normal', 'Killing', `Stopping container ${container.name}`, {
        fieldPath: `spec.containers{${container.name}}`,
        host: pod.spec.nodeName as string,
      });
    }
    await clock.wait(clock.jitter(STOP), closing.signal);
    life.end.abort();
    await life.over;
    store.delete(PODS, pod.metadata.namespace, pod.metadata.name);
  };

  const onPod = (type: string, pod: KubeObject) => {
    const uid = pod.metadata.uid as string;
    if (type === 'DELETED') {
      lives.get(uid)?.end.abort();
      lives.delete(uid);
      logs.forget(pod);
      void replicas.stop(pod.metadata.namespace as string, pod.metadata.name);
      return;
    }
    if (!lives.has(uid) && pod.spec?.nodeName) take(pod);
    const life = lives.get(uid);
    if (life && pod.metadata.deletionTimestamp && !life.stopping) {
      life.stopping = true;
      background(() => stop(life));
    }
  };

  for (const pod of store.list(PODS)) onPod('ADDED', pod);
  const unsubscribe = store.subscribe((event) => {
    if (event.resource.plural === PODS.plural && event.resource.group === PODS.group) onPod(event.type, event.object);
    if (event.type === 'DELETED' && event.resource.plural === NODES.plural) images.delete(event.object.metadata.name);
  });
  return {
    async close() {
      unsubscribe();
      closing.abort();
      await Promise.all([...lives.values()].map(({ over }) => over));
    },
  };
}

async function run(context: PodContext): Promise<void> {
  const { pod, record } = context;
  context.publish();
  await waitForVolumes(context);
  const specs = (list: unknown) => (list ?? []) as ContainerSpec[];
  for (const [index, spec] of specs(pod.spec.initContainers).entries()) {
    await runInit(context, spec, record.init[index]!);
  }
  await Promise.all(specs(pod.spec.containers).map((spec, index) => runContainer(context, spec, record.main[index]!)));
}

/** Starts work after the store's notification is over: a write inside it would reach other listeners out of order. */
function background(work: () => Promise<void>): Promise<void> {
  return Promise.resolve()
    .then(work)
    .catch((error: unknown) => {
      if (!isAbort(error)) process.stderr.write(`lab: kubelet: ${error instanceof Error ? error.stack : error}\n`);
    });
}
