import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CLI } from '../cli.ts';
import { MINUTES } from './stack.ts';

const VERIFY = '▶ 5/7';

const folder = mkdtempSync(join(tmpdir(), 'stack-rehearsal-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  code: number | null;
  log: string;
}

/** Rehearses outside of the tests' private network, so that the command makes one itself; calls back with each line. */
function rehearse(onLine: (line: string, rehearsal: ChildProcess) => void): Promise<Ended> {
  const words = [process.execPath, CLI, 'rehearse', '--stack', 'real', '--output-dir', join(folder, 'out')];
  const child = spawn('unshare', ['--net', ...words], { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream.on('data', (chunk: Buffer) => {
      log += chunk.toString();
      const lines = `${rest}${chunk}`.split('\n');
      rest = lines.pop() as string;
      for (const line of lines) onLine(line, child);
    });
  }
  return new Promise((done) => child.once('close', (code) => done({ code, log })));
}

/** Command lines of running processes that have one of the real programs. */
function programs(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      } catch {
        return '';
      }
    })
    .filter((line) => line.startsWith(process.env.STACK_ASSETS as string));
}

describe('rehearse --stack real', () => {
  it(
    'releases its nodes at SIGTERM, and leaves no process behind',
    async () => {
      let seen: string[] = [];
      const { code, log } = await rehearse((line, rehearsal) => {
        if (!line.includes(VERIFY) || seen.length > 0) return;
        seen = programs();
        rehearsal.kill('SIGTERM');
      });
      expect(log).toContain('Real: kube-apiserver, etcd, KServe controller, istiod, Envoy and endpoint picker');
      expect(seen.length, log).toBeGreaterThanOrEqual(6);
      expect(log).toContain('has 0 nodes and is asked to hold 0');
      expect(code, log).toBe(130);
      await expect.poll(programs, { timeout: 10_000 }).toEqual([]);
    },
    4 * MINUTES,
  );

  it(
    'leaves no process behind when it is killed',
    async () => {
      let watching: NodeJS.Timeout | undefined;
      const { code, log } = await rehearse((_, rehearsal) => {
        watching ??= setInterval(() => programs().length > 0 && rehearsal.kill('SIGKILL'), 100);
      });
      clearInterval(watching);
      expect(code, log).toBeNull();
      await expect.poll(programs, { timeout: 10_000 }).toEqual([]);
    },
    MINUTES,
  );
});
