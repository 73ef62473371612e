import type { Store } from '../kube/store.ts';
import type { KubeObject } from '../protocol.ts';
import type { ClusterClock } from './clock.ts';
import type { RecordEvent } from './events.ts';
import { suffix } from './names.ts';
import { deletePod, isOwnedBy, nowIso, ownedBy, withCondition, writeStatus } from './objects.ts';
import { qosClassOf } from './pod-status.ts';
import { JOBS, PODS } from './resources.ts';
import { createWorkQueue } from './workqueue.ts';

const INDEX = 'batch.kubernetes.io/job-completion-index';

/**
 * Runs Indexed Jobs that are not to be tried again (`backoffLimit: 0`): a pod for each index, and the Job's end. The
 * deadline passes in wall time, as that of the run does which asked for it.
 */
export function startJobs(options: { store: Store; clock: ClusterClock; record: RecordEvent }): { close(): void } {
  const { store, clock, record } = options;
  const deadlines = new Map<string, NodeJS.Timeout>();

  const createPod = (job: KubeObject, index: number) => {
    const { metadata, spec } = job.spec.template;
    const name = `${job.metadata.name}-${index}-${suffix(clock.random)}`;
    const own = { 'batch.kubernetes.io/job-name': job.metadata.name, [INDEX]: String(index) };
    const entry = { name: 'JOB_COMPLETION_INDEX', value: String(index) };
    store.create(PODS, {
      ...{ apiVersion: 'v1', kind: 'Pod' },
      metadata: {
        ...{ ...metadata, name, namespace: job.metadata.namespace as string, ownerReferences: ownedBy(job) },
        ...{
          labels: { ...metadata?.labels, ...own },
          annotations: { ...metadata?.annotations, [INDEX]: String(index) },
        },
      },
      spec: {
        ...spec,
        containers: spec.containers.map((each: KubeObject) => ({ ...each, env: [...(each.env ?? []), entry] })),
      },
      status: { phase: 'Pending', qosClass: qosClassOf(job.spec.template as KubeObject) },
    });
    record(job, 'Normal', 'SuccessfulCreate', `Created pod: ${name}`);
  };

  const end = (job: KubeObject, pods: readonly KubeObject[], type: 'Complete' | 'Failed', reason: string) => {
    for (const pod of pods.filter(({ status }) => status?.phase === 'Running' || status?.phase === 'Pending')) {
      deletePod(store, PODS, pod);
    }
    const conditions = withCondition(job.status?.conditions, { type, status: 'True', reason, message: reason });
    writeStatus(store, JOBS, job, { ...job.status, active: 0, conditions });
  };

  const watchDeadline = (key: string, job: KubeObject) => {
    const seconds = job.spec.activeDeadlineSeconds as number | undefined;
    if (seconds === undefined || deadlines.has(key)) return;
    const timer = setTimeout(() => {
      const [namespace, name] = key.split('/') as [string, string];
      const current = store.get(JOBS, namespace, name);
      if (current?.metadata.uid !== job.metadata.uid || !current) return;
      const pods = store.list(PODS, namespace).filter((pod) => isOwnedBy(pod, current));
      end(current, pods, 'Failed', 'DeadlineExceeded');
    }, 1_000 * seconds);
    timer.unref();
    deadlines.set(key, timer);
  };

  const reconcile = (key: string) => {
    const [namespace, name] = key.split('/') as [string, string];
    const job = store.get(JOBS, namespace, name);
    if (!job || job.metadata.deletionTimestamp) {
      clearTimeout(deadlines.get(key));
      deadlines.delete(key);
      return;
    }
    const isOver = (job.status?.conditions ?? []).some(({ status }: { status: string }) => status === 'True');
    if (isOver || job.spec.suspend) return;
    watchDeadline(key, job);
    const pods = store.list(PODS, namespace).filter((pod) => isOwnedBy(pod, job));
    const taken = new Set(pods.map((pod) => pod.metadata.annotations?.[INDEX]));
    const wanted = job.spec.completions as number;
    for (let index = 0; index < wanted; index += 1) if (!taken.has(String(index))) createPod(job, index);
    const counted = (phase: string) => pods.filter(({ status }) => status?.phase === phase).length;
    const [succeeded, failed] = [counted('Succeeded'), counted('Failed')];
    if (failed > 0) return end(job, pods, 'Failed', 'BackoffLimitExceeded');
    if (succeeded === wanted)
      return end({ ...job, status: { ...job.status, succeeded } }, pods, 'Complete', 'CompletionsReached');
    const status = { startTime: job.status?.startTime ?? nowIso(), active: wanted - succeeded, succeeded, failed };
    if (job.status?.active !== status.active || job.status?.succeeded !== succeeded)
      writeStatus(store, JOBS, job, status);
  };

  const queue = createWorkQueue('job', reconcile);
  const unsubscribe = store.subscribe(({ resource, object }) => {
    if (resource.group === JOBS.group && resource.plural === JOBS.plural) {
      queue.add(`${object.metadata.namespace}/${object.metadata.name}`);
    }
    if (resource.plural !== PODS.plural || resource.group !== '') return;
    const owner = object.metadata.ownerReferences?.find(({ kind }) => kind === 'Job');
    if (owner) queue.add(`${object.metadata.namespace}/${owner.name}`);
  });
  return {
    close() {
      unsubscribe();
      queue.close();
      for (const timer of deadlines.values()) clearTimeout(timer);
    },
  };
}
