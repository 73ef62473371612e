import { afterEach, describe, expect, it } from 'vitest';
import { runSignal } from '../../../src/pipeline/signals.ts';

let run: ReturnType<typeof runSignal> | undefined;
afterEach(() => run?.stop());

describe('what ends a run', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('is %s, and is named', (name) => {
    run = runSignal(60_000);
    expect([run.signal.aborted, run.interrupted()]).toEqual([false, false]);
    process.emit(name, name);
    expect(run.interrupted()).toBe(true);
    expect(run.signal.reason).toMatchObject({ code: 'interrupted', message: expect.stringContaining(name) });
  });

  it('is an exception that nobody caught, which is the fault of the gate', () => {
    run = runSignal(60_000);
    run.crash(new TypeError('x is undefined'));
    expect(run.interrupted()).toBe(false);
    expect(run.signal.reason).toMatchObject({
      code: 'crashed',
      blame: 'gate',
      message: 'The gate itself failed: x is undefined.',
    });
  });

  it('is listened for no more when the run has ended', () => {
    const before = process.listenerCount('SIGHUP');
    run = runSignal(60_000);
    expect(process.listenerCount('SIGHUP')).toBe(before + 1);
    run.stop();
    expect(process.listenerCount('SIGHUP')).toBe(before);
  });
});
