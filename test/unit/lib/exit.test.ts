import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const EXIT = JSON.stringify(resolve(import.meta.dirname, '../../../src/lib/exit.ts'));
const folder = mkdtempSync(join(tmpdir(), 'exit-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const script = (body: string) => [
  '--input-type=module',
  '-e',
  `import { exitProcess, ignoreClosedOutput } from ${EXIT};\nimport { readFile } from 'node:fs/promises';\n${body}`,
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
});
