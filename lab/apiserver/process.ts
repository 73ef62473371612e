import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import type { Writable } from 'node:stream';

export interface Running {
  pid: number;
  /** Settled with the exit code or signal; null as long as it runs. */
  ended(): string | null;
  /** Sends the signal, SIGKILL after `graceMs`, and waits for the end. */
  end(signal: NodeJS.Signals, graceMs?: number): Promise<void>;
  /** The last lines that it wrote. */
  tail(lines?: number): string;
}

/**
 * The shell leaves a watcher behind and becomes the server. The watcher reads a pipe that nobody writes to: its end
 * means that the tests died, however they did, and the server must not outlive them. A line means that the server ended
 * first and its process id may be somebody else's by now.
 */
export const GUARDED = '{ read -r _ || kill -9 $$; } <&3 >/dev/null 2>&1 & exec "$@" 3<&-';

/** Starts a server that writes to a log file and dies with this process. */
export function start(binary: string, args: string[], logFile: string): Running {
  const log = openSync(logFile, 'a');
  const child = spawn('/bin/sh', ['-c', GUARDED, 'sh', binary, ...args], {
    stdio: ['ignore', log, log, 'pipe'],
    // Nothing of the caller's environment: no proxy, and no setting meant for another cluster.
    env: { PATH: '/usr/bin:/bin' },
  });
  closeSync(log);
  let ending: string | null = null;
  const watcher = child.stdio[3] as Writable;
  watcher.on('error', () => {}); // it ends together with the server when both are killed as a group
  const exit = once(child, 'exit').then(([code, signal]) => {
    ending = signal === null ? `exit code ${code}` : String(signal);
    watcher.end('ended\n');
  });
  return {
    pid: child.pid ?? 0,
    ended: () => ending,
    async end(signal, graceMs = 10_000) {
      if (ending !== null) return;
      child.kill(signal);
      const force = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await exit;
      clearTimeout(force);
    },
    tail: (lines = 20) => readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n'),
  };
}
