import { type ChildProcess, spawn } from 'node:child_process';
import { realpathSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { childEnv } from './child-env.ts';

/**
 * The shell leaves a watcher behind and becomes the gate. The watcher reads a pipe that nobody writes to: its end means
 * that the rehearsal was killed and its lab is gone, so the gate ends too, and the folder that both had.
 */
const GUARDED =
  '{ trap "" HUP INT QUIT TERM; read -r _ || { kill -9 $$; rm -rf -- "$0"; }; } <&3 >/dev/null 2>&1 & exec "$@" 3<&-';

export interface GateProcess {
  child: ChildProcess;
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/**
 * Starts the command line of the gate in a process group of its own. `folder` is what it has for temporary files; it is
 * removed if this process is killed.
 */
export function startGate(
  args: readonly string[],
  options: { nodeArgs: string[]; module: string; folder: string; cwd?: string; env: Record<string, string> },
): GateProcess {
  const { nodeArgs, module, folder, cwd, env } = options;
  const command = [process.execPath, ...nodeArgs, realpathSync(module), ...args];
  const child = spawn('/bin/sh', ['-c', GUARDED, folder, ...command], {
    ...(cwd ? { cwd } : {}),
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
    detached: true,
    env: { ...childEnv(), HOME: process.env.HOME ?? '', TMPDIR: folder, ...env },
  });
  const watcher = child.stdio[3] as Writable;
  watcher.on('error', () => {});
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((done, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      watcher.end('ended\n');
      done({ code, signal });
    });
  });
  return { child, ended };
}
