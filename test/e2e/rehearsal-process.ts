import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { childEnv } from '../../lab/child-env.ts';
import { CLI } from '../cli.ts';

export interface Rehearsal {
  child: ChildProcess;
  folder: string;
  /** Resolves with the log so far when a line has this text. */
  seen(text: string): Promise<string>;
  ended: Promise<{ code: number | null; signal: string | null; log: string }>;
}

/** A rehearsal in a process group and a temporary folder of its own, with a process for each part of the lab. */
export function startRehearsal(...gateFlags: string[]): Rehearsal {
  const folder = mkdtempSync(join(tmpdir(), 'signals-'));
  const child = spawn(
    process.execPath,
    [
      ...[CLI, 'rehearse', '--time-scale', '100', '--inference-scale', '50'],
      ...['--output-dir', join(folder, 'out'), '--', ...gateFlags],
    ],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      env: { ...childEnv(), HOME: folder, TMPDIR: folder },
    },
  );
  let log = '';
  const waiting: { text: string; found: (log: string) => void }[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      log += chunk.toString();
      for (const { text, found } of waiting) if (log.includes(text)) found(log);
    });
  }
  return {
    child,
    folder,
    seen: (text) =>
      new Promise((found, reject) => {
        waiting.push({ text, found });
        child.once('exit', () => reject(new Error(`it ended before "${text}":\n${log}`)));
      }),
    ended: new Promise((done) => {
      child.once('close', (code, signal) => done({ code, signal, log }));
    }),
  };
}

/** Process ids of all that this process has started, directly or not. */
export function descendants(of: number): number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), parent: Number(readProc(name, 'stat').split(') ').at(-1)?.split(' ')[1]) }));
  const below = (pid: number): number[] =>
    parents.filter(({ parent }) => parent === pid).flatMap((each) => [each.pid, ...below(each.pid)]);
  return below(of);
}

export function readProc(pid: number | string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

const isAlive = (pid: number) => readProc(pid, 'cmdline') !== '';

/** What is left some seconds after a rehearsal: command lines of its processes, and names in its folder. Removes the folder. */
export async function leftOf(folder: string, started: readonly number[]): Promise<string[]> {
  const left = () => [
    ...started.filter(isAlive).map((pid) => readProc(pid, 'cmdline')),
    ...readdirSync(folder).filter((name) => name !== 'out'),
  ];
  for (let waits = 0; waits < 150 && left().length > 0; waits += 1) await sleep(100);
  const found = left();
  rmSync(folder, { recursive: true });
  return found;
}
