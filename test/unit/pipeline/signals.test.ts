import { afterEach, describe, expect, it } from 'vitest';
import { runSignal } from '../../../src/pipeline/signals.ts';

let run: ReturnType<typeof runSignal> | undefined;
afterEach(() => run?.stop());

describe('what ends a run', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGALRM', 'SIGXCPU', 'SIGPWR'] as const)(
    'is %s, and is named',
    (name) => {
      run = runSignal(60_000);
      expect([run.signal.aborted, run.interrupted()]).toEqual([false, false]);
      process.emit(name, name);
      expect(run.interrupted()).toBe(true);
      expect(run.signal.reason).toMatchObject({ code: 'interrupted', message: expect.stringContaining(name) });
    },
  );

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

  it('is ignored, and ends nothing, when the run has ended', () => {
    run = runSignal(60_000);
    const { interrupted, stop } = run;
    stop();
    expect(process.listenerCount('SIGHUP')).toBeGreaterThan(0);
    process.emit('SIGHUP', 'SIGHUP');
    expect(interrupted()).toBe(false);
  });

  it('is listened for once, however many runs a process has', () => {
    for (let runs = 0; runs < 3; runs += 1) runSignal(60_000).stop();
    const before = process.listenerCount('SIGHUP');
    runSignal(60_000).stop();
    expect(process.listenerCount('SIGHUP')).toBe(before);
  });
});
