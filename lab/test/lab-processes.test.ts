import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { labProcesses } from '../lab-processes.ts';

/** Plays every role, with its process ID as its port. On `clear` it does what its argument names. */
const PROGRAM = `process.on('message', (message) => {
  if (message === 'stop') process.exit(0);
  else if (message !== 'clear') process.send({ role: message.role, ready: { pid: String(process.pid) } });
  else if (process.argv[2] === 'clears') process.send('cleared');
  else process.exit(1);
});
process.on('disconnect', () => process.exit(0));`;

describe('the process of a lab', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'lab-processes-'));
    writeFileSync(join(folder, 'program.cjs'), PROGRAM);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const start = async (onClear: 'clears' | 'exits', isReused: boolean) => {
    const entry = { module: join(folder, 'program.cjs'), args: [onClear] };
    const { launch, broken, stop } = labProcesses({ entry, isOneProcess: true, isReused });
    const { pid } = await launch<{ pid: string }>({
      role: 'github',
      config: { token: 'token', login: 'bot', repository: 'octo/serving', pullRequests: [7] },
    });
    return { pid: Number(pid), broken, stop };
  };

  it('serves the next lab where both share it', async () => {
    const first = await start('clears', true);
    const beside = await start('clears', true);
    expect(beside.pid).not.toBe(first.pid);
    await first.stop();
    const next = await start('clears', true);
    expect(next.pid).toBe(first.pid);
    await Promise.all([beside.stop(), next.stop()]);
  });

  it('is new after a lab that keeps its own, and after one that did not clear', async () => {
    for (const [onClear, isReused] of [
      ['clears', false],
      ['exits', true],
    ] as const) {
      const first = await start(onClear, isReused);
      await first.stop();
      const next = await start(onClear, isReused);
      expect(next.pid).not.toBe(first.pid);
      await next.stop();
    }
  });

  it('is reported to the lab that it serves when it ends, and taken by no other', async () => {
    const first = await start('clears', true);
    await first.stop();
    const second = await start('clears', true);
    process.kill(second.pid, 'SIGKILL');
    expect(await second.broken).toBe("the lab's one process was ended by SIGKILL");
    await second.stop();
    const third = await start('clears', true);
    expect(third.pid).not.toBe(second.pid);
    await third.stop();
  });
});
