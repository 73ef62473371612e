import { errorText } from '../../lib/failure.ts';
import { hasFlag, vllmCommand } from './command-line.ts';
import { waitForConfig } from './container-config.ts';
import { pullImage } from './images.ts';
import { pickerStarting, SIDECAR_LINES, SIDECAR_READY, storageInitializerLines } from './log-lines.ts';
import { configTextOf, scorersOf } from './picker-config.ts';
import {
  type ContainerSpec,
  containerEvent,
  type PodContext,
  setReady,
  setRunning,
  setTerminated,
  setWaiting,
} from './pod-context.ts';
import type { ContainerRecord } from './pod-status.ts';
import { type Exit, runVllm } from './vllm-process.ts';

/** Seconds of cluster time. */
const DOWNLOAD = 20;
const SIDECAR_START = 3;
const PICKER_START = 7;
const OTHER_START = 5;
const FIRST_BACKOFF = 10;
const LONGEST_BACKOFF = 300;

/** An init container from its image to its end. */
export async function runInit(context: PodContext, spec: ContainerSpec, record: ContainerRecord): Promise<void> {
  const { clock, signal, logs, pod } = context;
  await pullImage(context, spec, record);
  await waitForConfig(context, spec, record);
  setRunning(context, record, false);
  if (spec.name === 'storage-initializer') {
    const lines = storageInitializerLines(spec.args ?? []);
    logs.write(pod, spec.name, ...lines.start);
    await clock.wait(clock.jitter(DOWNLOAD), signal);
    logs.write(pod, spec.name, ...lines.end);
  } else {
    await clock.wait(clock.jitter(1), signal);
  }
  setTerminated(context, record, 0, 'Completed');
}

/** A container from its image on; restarts it with the kubelet's back-off until the pod ends. */
export async function runContainer(context: PodContext, spec: ContainerSpec, record: ContainerRecord): Promise<void> {
  const { clock, signal, logs, pod } = context;
  if ('waiting' in record.state && record.state.waiting.reason === 'PodInitializing') {
    setWaiting(context, record, 'PodInitializing');
  }
  for (let backoff = FIRST_BACKOFF; ; backoff = Math.min(backoff * 2, LONGEST_BACKOFF)) {
    await pullImage(context, spec, record);
    await waitForConfig(context, spec, record);
    setRunning(context, record, spec.startupProbe === undefined);
    const exit = await runProcess(context, spec, record);
    setTerminated(context, record, exit.code, exit.reason, exit.message);
    await context.replicas.stop(pod.metadata.namespace as string, pod.metadata.name);
    record.lastState = record.state;
    const waiting = `back-off ${backoff}s restarting failed container=${spec.name} pod=${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})`;
    containerEvent(context, record, 'Warning', 'BackOff', waiting.replace(/^back-off \d+s/, 'Back-off'));
    setWaiting(context, record, 'CrashLoopBackOff', waiting);
    await clock.pause(backoff, signal);
    record.restartCount += 1;
    logs.rotate(pod, spec.name);
  }
}

function runProcess(context: PodContext, spec: ContainerSpec, record: ContainerRecord): Promise<Exit> {
  const component = context.pod.metadata.labels?.['app.kubernetes.io/component'];
  if (vllmCommand(spec)) return runVllm(context, spec, record);
  if (spec.name === 'istio-proxy') return runSidecar(context, spec, record);
  if (spec.name === 'main' && component === 'llminferenceservice-router-scheduler')
    return runPicker(context, spec, record);
  return runUntilEnd(context, record, OTHER_START);
}

async function runSidecar(context: PodContext, spec: ContainerSpec, record: ContainerRecord): Promise<Exit> {
  context.logs.write(context.pod, spec.name, ...SIDECAR_LINES);
  return runUntilEnd(context, record, SIDECAR_START, () => {
    context.logs.write(context.pod, spec.name, ...SIDECAR_READY);
  });
}

/** The endpoint picker refuses to start without its pool's name or with a configuration that it cannot read. */
async function runPicker(context: PodContext, spec: ContainerSpec, record: ContainerRecord): Promise<Exit> {
  const args = spec.args ?? [];
  const fail = (msg: string, error: string): Exit => {
    const line = JSON.stringify({ level: 'error', ts: new Date().toISOString(), logger: 'setup', msg, error });
    context.logs.write(context.pod, spec.name, line);
    return { code: 1, reason: 'Error', message: line };
  };
  if (!['--pool-name', '--poolName', '-pool-name', '-poolName'].some((flag) => hasFlag(args, flag))) {
    return fail('Failed to validate flags', 'required "poolName" flag not set');
  }
  const text = configTextOf(args);
  try {
    if (text !== undefined) scorersOf(text);
  } catch (error) {
    return fail('Failed to load configuration', errorText(error));
  }
  context.logs.write(context.pod, spec.name, ...pickerStarting(args));
  return runUntilEnd(context, record, PICKER_START);
}

async function runUntilEnd(
  context: PodContext,
  record: ContainerRecord,
  seconds: number,
  whenReady?: () => void,
): Promise<Exit> {
  await context.clock.wait(context.clock.jitter(seconds), context.signal);
  whenReady?.();
  setReady(context, record);
  for (;;) await context.clock.pause(3_600, context.signal);
}
