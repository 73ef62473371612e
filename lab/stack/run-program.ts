import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { GUARDED } from '../apiserver/process.ts';
import { type ContainerSpec, containerEvent, type Exit, type PodContext, setReady } from '../cluster/pod-context.ts';
import type { ContainerRecord } from '../cluster/pod-status.ts';
import { CONFIG_MAPS, SECRETS } from '../cluster/resources.ts';
import type { ContainerFiles } from './pod-files.ts';
import { type Probe, probeOnce } from './probes.ts';

/** Wall milliseconds between SIGTERM and SIGKILL; shorter than a pod's grace period, as cluster time is. */
const GRACE_MS = 2_000;
/** Wall milliseconds between two probes at least, however fast cluster time runs. */
const SHORTEST_PERIOD_MS = 100;
const LAST_LINES = 20;

export interface ProgramStart {
  binary: string;
  args: string[];
  env: Record<string, string>;
  files: ContainerFiles;
  /** Everything that it writes, for a person to read. */
  logFile: string;
  onStart(pid: number): void;
  onEnd(pid: number): void;
}

/**
 * Runs a container's process with its probes until it ends or the pod does. Initial delays pass in cluster time, and
 * the probes' periods do until the container is ready; after that they pass in wall time.
 */
export async function runProgram(
  context: PodContext,
  spec: ContainerSpec,
  record: ContainerRecord,
  start: ProgramStart,
): Promise<Exit> {
  const { signal, pod, logs } = context;
  signal.throwIfAborted();
  const log = createWriteStream(start.logFile, { flags: 'a' });
  const child = spawn('/bin/sh', ['-c', GUARDED, 'sh', start.binary, ...start.args], {
    cwd: start.files.root,
    env: start.env,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const watcher = child.stdio[3] as Writable;
  watcher.on('error', () => {});
  const pid = child.pid as number;
  start.onStart(pid);
  const last: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream as NodeJS.ReadableStream }).on('line', (line) => {
      logs.write(pod, spec.name, line);
      log.write(`${line}\n`);
      last.push(line);
      if (last.length > LAST_LINES) last.shift();
    });
  }
  const ended = new AbortController();
  const unsubscribe = context.store.subscribe(({ resource, object }) => {
    const isFile = resource.plural === SECRETS.plural || resource.plural === CONFIG_MAPS.plural;
    if (isFile && object.metadata.namespace === pod.metadata.namespace) start.files.refresh();
  });
  const stop = () => {
    child.kill('SIGTERM');
    const force = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
    ended.signal.addEventListener('abort', () => clearTimeout(force), { once: true });
  };
  signal.addEventListener('abort', stop, { once: true });
  const exit = new Promise<Exit>((resolve) => {
    // The guard holds a pipe until it is told, and 'close' waits for all of them.
    child.once('exit', () => watcher.end('ended\n'));
    child.once('close', (code, by) => {
      resolve({
        code: code ?? 128 + (by === 'SIGKILL' ? 9 : 15),
        reason: code === 0 ? 'Completed' : 'Error',
        ...(code === 0 ? {} : { message: last.join('\n') }),
      });
    });
  });
  void watchProbes(context, spec, record, AbortSignal.any([signal, ended.signal]), () => child.kill('SIGKILL'));
  const result = await exit;
  ended.abort();
  unsubscribe();
  signal.removeEventListener('abort', stop);
  start.onEnd(pid);
  log.end();
  signal.throwIfAborted();
  return result;
}

/** Startup, then readiness and liveness side by side; ends with the signal. */
async function watchProbes(
  context: PodContext,
  spec: ContainerSpec,
  record: ContainerRecord,
  signal: AbortSignal,
  kill: () => void,
): Promise<void> {
  const probes = spec as { startupProbe?: Probe; readinessProbe?: Probe; livenessProbe?: Probe };
  const loop = (
    probe: Probe,
    kind: string,
    onResult: (failures: number, successes: number) => boolean,
    hurry: () => boolean,
  ) => probeLoop(context, spec, record, { probe, kind, onResult, hurry, signal });
  try {
    if (probes.startupProbe) {
      const { startupProbe } = probes;
      const alive = await loop(
        startupProbe,
        'Startup',
        (failures, successes) => successes === 0 && failures < (startupProbe.failureThreshold ?? 3),
        () => true,
      );
      if (!alive) return kill();
    }
    record.started = true;
    const { readinessProbe, livenessProbe } = probes;
    if (readinessProbe) {
      const { failureThreshold = 3, successThreshold = 1 } = readinessProbe;
      const onResult = (failures: number, successes: number) => {
        if (!record.ready && successes >= successThreshold) setReady(context, record);
        if (record.ready && failures >= failureThreshold) {
          record.ready = false;
          context.publish();
        }
        return true;
      };
      void loop(readinessProbe, 'Readiness', onResult, () => !record.ready).catch(() => {});
    } else setReady(context, record);
    if (livenessProbe) {
      const isAlive = (failures: number) => failures < (livenessProbe.failureThreshold ?? 3);
      await loop(livenessProbe, 'Liveness', isAlive, () => false);
      containerEvent(
        context,
        record,
        'Normal',
        'Killing',
        `Container ${spec.name} failed liveness probe, will be restarted`,
      );
      kill();
    }
  } catch {
    // The process or its pod has ended.
  }
}

/** Probes until `onResult` returns false; true if the last probe succeeded. */
async function probeLoop(
  context: PodContext,
  spec: ContainerSpec,
  record: ContainerRecord,
  loop: {
    probe: Probe;
    kind: string;
    onResult(failures: number, successes: number): boolean;
    /** Whether the period passes in cluster time. */
    hurry(): boolean;
    signal: AbortSignal;
  },
): Promise<boolean> {
  const { probe, kind, signal } = loop;
  const portOf = (port: number | string) =>
    typeof port === 'number' ? port : (spec.ports?.find(({ name }) => name === port)?.containerPort ?? Number(port));
  let failures = 0;
  let successes = 0;
  await context.clock.wait(probe.initialDelaySeconds ?? 0, signal);
  for (;;) {
    const failure = await probeOnce(probe, context.record.podIp, portOf);
    signal.throwIfAborted();
    failures = failure === null ? 0 : failures + 1;
    successes = failure === null ? successes + 1 : 0;
    if (failure !== null) containerEvent(context, record, 'Warning', 'Unhealthy', `${kind} probe failed: ${failure}`);
    if (!loop.onResult(failures, successes)) return failure === null;
    const period = probe.periodSeconds ?? 10;
    if (loop.hurry()) {
      await sleep(SHORTEST_PERIOD_MS, undefined, { signal });
      await context.clock.wait(period, signal);
    } else await sleep(period * 1_000, undefined, { signal });
  }
}
