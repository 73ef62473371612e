import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MINUTES } from './e2e.ts';

const CLI = resolve(import.meta.dirname, '../../src/cli.ts');

interface Rehearsal {
  child: ChildProcess;
  folder: string;
  /** Resolves with the log so far when a line has this text. */
  seen(text: string): Promise<string>;
  ended: Promise<{ code: number | null; signal: string | null; log: string }>;
}

/** A rehearsal in a process group and a temporary folder of its own, at full speed. */
function rehearse(...gateFlags: string[]): Rehearsal {
  const folder = mkdtempSync(join(tmpdir(), 'signals-'));
  const child = spawn(
    process.execPath,
    [CLI, 'rehearse', '--time-scale', '100', '--output-dir', join(folder, 'out'), '--', ...gateFlags],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      env: { PATH: process.env.PATH ?? '', HOME: folder, TMPDIR: folder },
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
function descendants(of: number): number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), parent: Number(readProc(name, 'stat').split(') ').at(-1)?.split(' ')[1]) }));
  const below = (pid: number): number[] =>
    parents.filter(({ parent }) => parent === pid).flatMap((each) => [each.pid, ...below(each.pid)]);
  return below(of);
}

function readProc(pid: number | string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

const isAlive = (pid: number) => readProc(pid, 'cmdline') !== '';

async function expectNothingLeft(folder: string, started: number[]): Promise<void> {
  await expect.poll(() => started.filter(isAlive), { timeout: 15_000 }).toEqual([]);
  const left = () => readdirSync(folder).filter((name) => name !== 'out');
  await expect.poll(left, { timeout: 5_000 }).toEqual([]);
  rmSync(folder, { recursive: true });
}

/** Moments of a rehearsal, by a text that its log has then. */
const MOMENTS = {
  lease: '▶ 2/7',
  ready: '▶ 4/7',
  benchmark: '▶ 6/7',
} as const;

describe('a rehearsal that is told to end', () => {
  it.each([
    { signal: 'SIGTERM', to: 'group', moment: 'lease', times: 1 },
    { signal: 'SIGQUIT', to: 'process', moment: 'ready', times: 3 },
  ] as const)(
    'by $signal to the $to, $times times, in stage "$moment" releases its nodes while the lab serves, and leaves nothing',
    async ({ signal, to, moment, times }) => {
      const { child, folder, seen, ended } = rehearse();
      await seen(MOMENTS[moment]);
      const pid = child.pid as number;
      const started = descendants(pid);
      expect(started.length).toBeGreaterThan(4);
      for (let sent = 0; sent < times; sent += 1) {
        process.kill(to === 'group' ? -pid : pid, signal);
        await new Promise((done) => setTimeout(done, 100));
      }
      const { code, log } = await ended;
      expect(log).toContain('has 0 nodes and is asked to hold 0');
      expect(code, log).toBe(130);
      expect(log).not.toContain('ECONNREFUSED');
      await expectNothingLeft(folder, started);
    },
    MINUTES,
  );

  it.each(['group'] as const)(
    'by SIGKILL to the %s leaves no process and no folder',
    async (to) => {
      const { child, folder, seen, ended } = rehearse();
      await seen(MOMENTS.ready);
      const pid = child.pid as number;
      const started = descendants(pid);
      expect(started.length).toBeGreaterThan(4);
      process.kill(to === 'group' ? -pid : pid, 'SIGKILL');
      await ended;
      await expectNothingLeft(folder, started);
    },
    MINUTES,
  );

  it.each([900, 2_500])(
    'by SIGTERM to the group after %d ms leaves nothing',
    async (ms) => {
      const { child, folder, ended } = rehearse();
      await new Promise((done) => setTimeout(done, ms));
      const started = descendants(child.pid as number);
      process.kill(-(child.pid as number), 'SIGTERM');
      const { code, signal, log } = await ended;
      expect([130, null, 143], log).toContain(code);
      if (code === null) expect(signal).toBe('SIGTERM');
      await expectNothingLeft(folder, started);
    },
    MINUTES,
  );

  it(
    'whose gate alone is killed ends at once, and says who releases the nodes',
    async () => {
      const { child, folder, seen, ended } = rehearse();
      await seen(MOMENTS.ready);
      const started = descendants(child.pid as number);
      const gate = started.find((pid) => readProc(pid, 'cmdline').includes(' run --project-id'));
      process.kill(gate as number, 'SIGKILL');
      const { code, log } = await ended;
      expect(log).toContain('lab: the gate was ended by SIGKILL');
      expect(log).toContain("lab: nodes of a run that was killed are the sweeper's, once its lease has run out");
      expect(code, log).toBe(137);
      await expectNothingLeft(folder, started);
    },
    MINUTES,
  );

  it(
    'by the death of one process of the lab ends at once, and names the process',
    async () => {
      const { child, folder, seen, ended } = rehearse();
      await seen(MOMENTS.ready);
      const started = descendants(child.pid as number);
      const lab = started.find((pid) => readProc(pid, 'cmdline').includes('lab-process'));
      process.kill(lab as number, 'SIGKILL');
      const { code, log } = await ended;
      expect(log).toMatch(/lab: the lab's \w+ process was ended by SIGKILL/);
      expect(code, log).toBe(5);
      await expectNothingLeft(folder, started);
    },
    MINUTES,
  );
});
