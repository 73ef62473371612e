import { type ChildProcess, fork } from 'node:child_process';
import { childEnv } from './child-env.ts';
import type { LabMessage, LabRole } from './process.ts';

/** For a process to end, or to close its servers. */
const END_LIMIT_MS = 3_000;

/** Program that runs one lab process: a module for `fork` and its arguments. */
export interface LabEntry {
  module: string;
  args: string[];
}

export interface LabProcessOptions {
  entry: LabEntry;
  /** One process for all roles. */
  isOneProcess?: boolean;
  /** With `isOneProcess`: takes a process whose lab has stopped, and leaves its own for the next lab. */
  isReused?: boolean;
}

/** The processes of one lab. */
export interface LabProcesses {
  /** Starts a server and returns its ports. Throws where it does not start. */
  launch<Ports>(role: LabRole): Promise<Ports>;
  /** Resolves with the reason when a process ends before `stop`. */
  broken: Promise<string>;
  stop(): Promise<void>;
}

/** Processes without a lab, by their program. */
const idle = new Map<string, ChildProcess[]>();

/** Prepares the processes of a lab, each of which starts with its first role. */
export function labProcesses({ entry, isOneProcess, isReused }: LabProcessOptions): LabProcesses {
  const program = JSON.stringify(entry);
  const children: ChildProcess[] = [];
  const ends: (() => void)[] = [];
  const broken = Promise.withResolvers<string>();
  let only: ChildProcess | undefined;
  const add = (name: string): ChildProcess => {
    const child = (isReused && isOneProcess && takeIdle(program)) || start(entry);
    const onExit = (code: number | null, signal: string | null) =>
      broken.resolve(`the lab's ${name} process was ended by ${signal ?? `exit code ${code}`}`);
    child.once('exit', onExit);
    ends.push(() => child.off('exit', onExit));
    children.push(child);
    return child;
  };
  return {
    async launch<Ports>(role: LabRole) {
      if (isOneProcess) only ??= add('one');
      const child = only ?? add(role.role);
      const isReady = ready(child, role.role);
      child.send(role, () => {});
      return (await isReady) as Ports;
    },
    broken: broken.promise,
    async stop() {
      for (const forget of ends.splice(0)) forget();
      await Promise.all(
        children.splice(0).map(async (child) => {
          if (isReused && child === only && (await isCleared(child))) keepIdle(program, child);
          else await end(child);
        }),
      );
    },
  };
}

function start(entry: LabEntry): ChildProcess {
  return fork(entry.module, entry.args, {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    // A process group of its own: a signal to the group of the gate is not for the lab, which must outlive the gate.
    detached: true,
    // Of no use to the lab, and some of it (proxies, node options) would change how it behaves.
    env: childEnv(),
  });
}

function takeIdle(program: string): ChildProcess | undefined {
  const child = idle.get(program)?.pop();
  if (!child?.connected) return undefined;
  child.ref();
  child.channel?.ref();
  return child;
}

/** The process ends with this one, which it does not keep from ending. */
function keepIdle(program: string, child: ChildProcess): void {
  child.unref();
  child.channel?.unref();
  idle.set(program, [...(idle.get(program) ?? []), child]);
}

/** Has a process close its servers. Resolves with whether it has closed all of them in time. */
async function isCleared(child: ChildProcess): Promise<boolean> {
  if (!child.connected) return false;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const onMessage = (message: unknown) => {
    if (message === 'cleared') resolve(true);
  };
  const onExit = () => resolve(false);
  const timer = setTimeout(() => resolve(false), END_LIMIT_MS);
  child.on('message', onMessage);
  child.once('exit', onExit);
  child.send('clear', () => {});
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    child.off('message', onMessage);
    child.off('exit', onExit);
  }
}

function ready(child: ChildProcess, role: LabRole['role']): Promise<Record<string, string>> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null, signal: string | null) =>
      reject(new Error(`the lab's ${role} process ended before it was ready (${signal ?? code})`));
    const onMessage = (message: unknown) => {
      const answer = message as LabMessage;
      if (answer.role !== role) return;
      child.off('exit', onExit);
      child.off('error', reject);
      child.off('message', onMessage);
      if ('ready' in answer) resolve(answer.ready);
      else reject(new Error(`the lab's ${role} server failed: ${answer.failed}`));
    };
    child.once('exit', onExit);
    child.once('error', reject);
    child.on('message', onMessage);
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  if (child.connected) child.send('stop', () => {});
  const killer = setTimeout(() => child.kill('SIGKILL'), END_LIMIT_MS);
  await exited;
  clearTimeout(killer);
}
