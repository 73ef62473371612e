import { errorText } from '../errors.ts';
import { hasFlag, vllmCommand } from './command-line.ts';
import { waitForConfig } from './container-config.ts';
import { pullImage } from './images.ts';
import {
  CONNECT_FAILED,
  DNS_FAILED,
  pickerStarting,
  SIDECAR_CUT_OFF,
  SIDECAR_LINES,
  SIDECAR_READY,
  storageInitializerLines,
} from './log-lines.ts';
import { allows } from './network-policy.ts';
import { NODE_IMAGE, runNodeProgram } from './node-program.ts';
import { configTextOf, scorersOf } from './picker-config.ts';
import {
  type ContainerSpec,
  containerEvent,
  type Exit,
  faultOf,
  type PodContext,
  peerOf,
  policiesOf,
  setReady,
  setRunning,
  setTerminated,
  setUnready,
  setWaiting,
} from './pod-context.ts';
import type { ContainerRecord } from './pod-status.ts';
import { runVllm } from './vllm-process.ts';

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
  for (let backoff = FIRST_BACKOFF; ; backoff = Math.min(backoff * 2, LONGEST_BACKOFF)) {
    await pullImage(context, spec, record);
    await waitForConfig(context, spec, record);
    await waitForEver(context, spec, record);
    setRunning(context, record, false);
    const exit = (await runFault(context, spec, record)) ?? (await runInitProcess(context, spec));
    setTerminated(context, record, exit.code, exit.reason, exit.message);
    if (exit.code === 0) return;
    await backOff(context, spec, record, backoff);
    logs.rotate(pod, spec.name);
    await clock.wait(0, signal);
  }
}

async function runInitProcess(context: PodContext, spec: ContainerSpec): Promise<Exit> {
  const { clock, signal, logs, pod } = context;
  if (spec.name !== 'storage-initializer') {
    await clock.wait(clock.jitter(1), signal);
    return { code: 0, reason: 'Completed' };
  }
  const lines = storageInitializerLines(spec.args ?? []);
  logs.write(pod, spec.name, ...lines.start);
  const blocked = downloadBlocked(context);
  if (blocked) {
    await clock.wait(clock.jitter(5), signal);
    logs.write(pod, spec.name, ...blocked);
    return { code: 1, reason: 'Error', message: blocked.at(-1) ?? '' };
  }
  await clock.wait(clock.jitter(DOWNLOAD), signal);
  logs.write(pod, spec.name, ...lines.end);
  return { code: 0, reason: 'Completed' };
}

/** What a download says that its NetworkPolicies keep from the resolver or from the internet; null when they do not. */
function downloadBlocked(context: PodContext): string[] | null {
  const policies = policiesOf(context);
  const from = peerOf(context.pod);
  const dns = { namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' }, ip: '10.4.0.2' };
  const internet = { namespace: '', labels: null, ip: '142.250.1.1' };
  if (!allows(policies, { from, to: dns, protocol: 'UDP', port: 53 })) return DNS_FAILED;
  if (!allows(policies, { from, to: internet, protocol: 'TCP', port: 443 })) return CONNECT_FAILED;
  return null;
}

/** Where the scenario has the kubelet fail to make the container: as it waits, until the pod ends. */
async function waitForEver(context: PodContext, spec: ContainerSpec, record: ContainerRecord): Promise<void> {
  const { waits } = faultOf(context, spec) ?? {};
  if (!waits) return;
  setWaiting(context, record, waits.reason, waits.message);
  for (;;) {
    containerEvent(context, record, 'Warning', 'Failed', `Error: ${waits.message}`);
    await context.clock.pause(15, context.signal);
  }
}

/** The scenario's own script for a container; null when it has none. */
async function runFault(context: PodContext, spec: ContainerSpec, record: ContainerRecord): Promise<Exit | null> {
  const { clock, signal, logs, pod } = context;
  const fault = faultOf(context, spec);
  if (!fault || fault.pull || fault.waits || (fault.once && record.restartCount > 0)) return null;
  const stillGood = fault.whenAsked && record.restartCount === 0;
  if (fault.whenReady || stillGood) {
    await clock.wait(clock.jitter(PICKER_START), signal);
    setReady(context, record);
  }
  if (stillGood) {
    await untilAsked(context);
    if (!fault.ends) setUnready(context, record);
  }
  await clock.wait(fault.after ?? 2, signal);
  if (fault.floods) logs.write(pod, spec.name, 'x'.repeat(fault.floods));
  logs.write(pod, spec.name, ...(fault.says ?? []));
  if (!fault.ends) for (;;) await clock.pause(3_600, signal);
  const { exitCode, reason = exitCode === 0 ? 'Completed' : 'Error' } = fault.ends;
  return { code: exitCode, reason, message: (fault.says ?? []).slice(-3).join('\n') };
}

/** Until the gateway has carried a request of the pod's namespace. */
async function untilAsked({ clock, pod, replicas, signal }: PodContext): Promise<void> {
  while ((await replicas.requestsOf(pod.metadata.namespace as string)) === 0) await clock.pause(1, signal);
}

async function backOff(
  context: PodContext,
  spec: ContainerSpec,
  record: ContainerRecord,
  seconds: number,
): Promise<void> {
  const { clock, signal, pod } = context;
  record.lastState = record.state;
  const waiting = `back-off ${seconds}s restarting failed container=${spec.name} pod=${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})`;
  containerEvent(context, record, 'Warning', 'BackOff', waiting.replace(/^back-off \d+s/, 'Back-off'));
  setWaiting(context, record, 'CrashLoopBackOff', waiting);
  await clock.pause(seconds, signal);
  record.restartCount += 1;
}

/** A container from its image on; restarts it with the kubelet's back-off until the pod ends. */
export async function runContainer(context: PodContext, spec: ContainerSpec, record: ContainerRecord): Promise<void> {
  const { logs, pod } = context;
  if ('waiting' in record.state && record.state.waiting.reason === 'PodInitializing') {
    setWaiting(context, record, 'PodInitializing');
  }
  for (let backoff = FIRST_BACKOFF; ; backoff = Math.min(backoff * 2, LONGEST_BACKOFF)) {
    await pullImage(context, spec, record);
    await waitForConfig(context, spec, record);
    await waitForEver(context, spec, record);
    setRunning(context, record, spec.startupProbe === undefined);
    const exit = (await runFault(context, spec, record)) ?? (await runProcess(context, spec, record));
    setTerminated(context, record, exit.code, exit.reason, exit.message);
    if (pod.spec.restartPolicy === 'Never') return;
    await context.replicas.stop(pod.metadata.namespace as string, pod.metadata.name);
    await backOff(context, spec, record, backoff);
    logs.rotate(pod, spec.name);
  }
}

function runProcess(context: PodContext, spec: ContainerSpec, record: ContainerRecord): Promise<Exit> {
  const component = context.pod.metadata.labels?.['app.kubernetes.io/component'];
  const program = context.programs?.run(context, spec, record);
  if (program) return program;
  if (context.api && NODE_IMAGE.test(spec.image))
    return context.api.then((api) => runNodeProgram(context, spec, record, api));
  if (vllmCommand(spec)) return runVllm(context, spec, record);
  if (spec.name === 'istio-proxy') return runSidecar(context, spec, record);
  if (spec.name === 'main' && component === 'llminferenceservice-router-scheduler')
    return runPicker(context, spec, record);
  return runUntilEnd(context, record, OTHER_START);
}

async function runSidecar(context: PodContext, spec: ContainerSpec, record: ContainerRecord): Promise<Exit> {
  context.logs.write(context.pod, spec.name, ...SIDECAR_LINES);
  const to = { namespace: 'istio-system', labels: { app: 'istiod', istio: 'pilot' }, ip: '10.4.0.3' };
  const xds = { from: peerOf(context.pod), to, protocol: 'TCP' as const, port: 15_012 };
  while (!allows(policiesOf(context), xds)) {
    context.logs.write(context.pod, spec.name, ...SIDECAR_CUT_OFF);
    await context.clock.pause(15, context.signal);
  }
  return runUntilEnd(context, record, SIDECAR_START, () => {
    context.logs.write(context.pod, spec.name, ...SIDECAR_READY);
  });
}

/** The endpoint picker refuses to start without its pool's name or with a configuration that it cannot read. */
async function runPicker(context: PodContext, spec: ContainerSpec, record: ContainerRecord): Promise<Exit> {
  const args = [...(spec.command ?? []), ...(spec.args ?? [])];
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
