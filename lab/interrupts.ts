import type { ChildProcess } from 'node:child_process';
import { END_SIGNALS } from './end-signals.ts';
import { onSignalFromOutside } from './stack/private-network.ts';

export interface Interrupts {
  /** Whether a signal has come. */
  came(): boolean;
  /** The gate, which every signal from now on is for. */
  watch(gate: ChildProcess): void;
  /** Ends the gate at once, if it still runs; nothing is to be started after it. */
  kill(): void;
  killed(): boolean;
  close(): void;
}

/**
 * Keeps this process alive at a signal, which is the gate's: it releases its nodes first, and the lab must outlive it.
 * The gate is in a process group of its own, so that each signal reaches it once, from here.
 */
export function watchInterrupts(): Interrupts {
  let gate: ChildProcess | undefined;
  let came = false;
  let killed = false;
  const passOn = (signal: NodeJS.Signals) => {
    came = true;
    gate?.kill(signal);
  };
  for (const signal of END_SIGNALS) process.on(signal, passOn);
  const stopListening = onSignalFromOutside(passOn);
  return {
    came: () => came,
    watch(child) {
      gate = child;
    },
    kill() {
      killed = true;
      gate?.kill('SIGKILL');
    },
    killed: () => killed,
    close() {
      stopListening();
      for (const signal of END_SIGNALS) process.off(signal, passOn);
    },
  };
}
