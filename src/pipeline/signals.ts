import { humanDuration } from '../lib/duration.ts';
import { errorText, Failure } from '../lib/failure.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Calls back on SIGINT, SIGTERM and SIGHUP. Returns a function that stops listening. */
function onInterrupt(interrupted: (name: string) => void): () => void {
  for (const name of SIGNALS) process.on(name, interrupted);
  return () => {
    for (const name of SIGNALS) process.off(name, interrupted);
  };
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
  stop: () => void;
}

/** Aborts on an interrupt and after `limitMs` milliseconds; the reason says which. */
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
    blame: 'gate',
  });
}

function timedOut(limitMs: number): Failure {
  return new Failure({
    stage: 'preflight',
    code: 'run-timeout',
    message: `The run took longer than its limit of ${humanDuration(limitMs)}.`,
    hint: 'Look at the slowest stage, or raise "timeout".',
    blame: 'gate',
  });
}

function crashed(error: unknown): Failure {
  return new Failure({
    stage: 'preflight',
    code: 'crashed',
    message: `The gate itself failed: ${errorText(error)}.`,
    hint: 'This is a defect of the gate; report it with the log.',
    blame: 'gate',
    cause: error,
  });
}
