import { humanDuration } from '../lib/duration.ts';
import { errorText, Failure } from '../lib/failure.ts';

/**
 * Signals that would end a process that does not listen for them: of terminals, runners and service managers, of limits on
 * time, and of a failing power supply. SIGKILL cannot be listened for.
 */
const SIGNALS = [
  ...(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2', 'SIGABRT', 'SIGALRM', 'SIGVTALRM', 'SIGPROF'] as const),
  ...(['SIGXCPU', 'SIGPWR', 'SIGIO', 'SIGSTKFLT', 'SIGSYS', 'SIGTRAP'] as const),
] as const satisfies readonly NodeJS.Signals[];

/** Calls back on each signal that would end this process. Returns a function that stops listening. */
function onInterrupt(interrupted: (name: string) => void): () => void {
  for (const name of SIGNALS) process.on(name, interrupted);
  return () => {
    for (const name of SIGNALS) process.off(name, interrupted);
  };
}

const ignore = () => {};

/**
 * Ignores every signal for the rest of this process: what is left to do is short, and a process that ends by a signal has
 * no exit code of its own.
 */
export function ignoreInterrupts(): void {
  for (const name of SIGNALS) if (!process.listeners(name).includes(ignore)) process.on(name, ignore);
}

/** Calls back on each signal, which ends nothing: for a release, which has to be finished. */
export function holdInterrupts(held: (name: string) => void): void {
  onInterrupt(held);
}

/** Aborts on an interrupt: for what leases nothing, and has nothing to finish. */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  onInterrupt((name) => controller.abort(new Error(`interrupted by ${name}`)));
  return controller.signal;
}

export interface RunSignal {
  signal: AbortSignal;
  interrupted: () => boolean;
  /** Ends the run for an exception that nobody caught, so that what follows a run still follows. */
  crash: (error: unknown) => void;
  /** Ends the limit; a signal is ignored from now on. */
  stop: () => void;
}

/** Aborts on an interrupt and after `limitMs` milliseconds; the reason is one of the two. */
export function runSignal(limitMs: number): RunSignal {
  const controller = new AbortController();
  let wasInterrupted = false;
  const stopListening = onInterrupt((name) => {
    wasInterrupted = true;
    controller.abort(interruptedBy(name));
  });
  const timer = setTimeout(() => controller.abort(timedOut(limitMs)), limitMs);
  return {
    signal: controller.signal,
    interrupted: () => wasInterrupted,
    crash: (error) => controller.abort(crashed(error)),
    stop: () => {
      clearTimeout(timer);
      ignoreInterrupts();
      stopListening();
    },
  };
}

function interruptedBy(name: string): Failure {
  return new Failure({
    stage: 'preflight',
    code: 'interrupted',
    message: `The run was interrupted by ${name} before it had a result.`,
    hint: 'Nothing is wrong with the change; run it again.',
  });
}

function timedOut(limitMs: number): Failure {
  return new Failure({
    stage: 'preflight',
    code: 'run-timeout',
    message: `The run took longer than its limit of ${humanDuration(limitMs)}.`,
    hint: 'Look at the slowest stage, or raise "timeout".',
  });
}

function crashed(error: unknown): Failure {
  return new Failure({
    stage: 'preflight',
    code: 'crashed',
    message: `The gate itself failed: ${errorText(error)}.`,
    hint: 'This is a defect of the gate; report it with the log.',
    cause: error,
  });
}
