import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const EXIT = JSON.stringify(resolve(import.meta.dirname, '../../../src/lib/exit.ts'));
const folder = mkdtempSync(join(tmpdir(), 'exit-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const script = (body: string) => [
  '--input-type=module',
  '-e',
  `import { exitProcess, ignoreClosedOutput, keepForStderr } from ${EXIT};\nimport { readFile } from 'node:fs/promises';\n${body}`,
];

describe('the end of the process', () => {
  it('comes with its code and all of its output', () => {
    const { status, stdout } = spawnSync(
      process.execPath,
      script("process.stdout.write('x'.repeat(200_000)); exitProcess(3);"),
    );
    expect([status, stdout.length]).toEqual([3, 200_000]);
  });

  it('comes while a thread waits for a file that never opens', () => {
    const fifo = join(folder, 'fifo');
    spawnSync('mkfifo', [fifo]);
    const body = `readFile(${JSON.stringify(fifo)}); console.log('before'); setTimeout(() => exitProcess(3), 100);`;
    const { status, signal, stdout } = spawnSync(process.execPath, script(body), { timeout: 15_000 });
    expect([status, signal, String(stdout)]).toEqual([3, null, 'before\n']);
  });

  it('comes, and with its code, when nobody reads the output any more', async () => {
    const body = `ignoreClosedOutput(); setTimeout(() => { for (let i = 0; i < 50; i += 1) console.log('x'.repeat(9_000)); exitProcess(5); }, 200);`;
    const child = spawn(process.execPath, script(body), { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    child.stderr.destroy();
    expect(await new Promise((done) => child.once('close', done))).toBe(5);
  });

  it.each([
    ['its disk is full', () => openSync('/dev/full', 'w')],
    ['nobody reads it', () => 'pipe' as const],
  ])('writes the last lines to stderr when stdout is lost: %s', async (_, stdout) => {
    const body = `ignoreClosedOutput();
      const say = (line) => { process.stdout.write(line + '\\n'); keepForStderr(line); };
      setTimeout(() => { for (let i = 0; i < 60; i += 1) say('line ' + i); exitProcess(5); }, 200);`;
    const child = spawn(process.execPath, script(body), { stdio: ['ignore', stdout(), 'pipe'] });
    child.stdout?.destroy();
    const stderr = (child.stderr as NonNullable<typeof child.stderr>).toArray();
    expect(await new Promise((done) => child.once('close', done))).toBe(5);
    const lines = Buffer.concat(await stderr)
      .toString()
      .trim()
      .split('\n');
    expect([lines[0], lines.at(-1), lines.length]).toEqual(['line 10', 'line 59', 50]);
  });

  it('writes nothing to stderr when stdout took all', () => {
    const { stderr } = spawnSync(
      process.execPath,
      script("ignoreClosedOutput(); console.log('a'); keepForStderr('a'); exitProcess(0);"),
    );
    expect(String(stderr)).toBe('');
  });
});
