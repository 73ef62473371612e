import type { ChildProcess } from 'node:child_process';
import { onSignalFromOutside } from './stack/private-network.ts';

export interface Interrupts {
  /** Whether a signal has come. */
  came(): boolean;
  /** The gate, which the next signal is for. */
  watch(gate: ChildProcess): void;
  close(): void;
}

/**
 * Keeps this process alive at a signal, which is the gate's: it releases its nodes first, and the lab must outlive it.
 * A terminal's interrupt reaches the gate itself; SIGTERM, and what comes from outside of a private network, is passed on.
 */
export function watchInterrupts(): Interrupts {
  let gate: ChildProcess | undefined;
  let came = false;
  const onInterrupt = () => {
    came = true;
  };
  const passOn = (signal: NodeJS.Signals) => {
    came = true;
    gate?.kill(signal);
  };
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', passOn);
  const stopListening = onSignalFromOutside(passOn);
  return {
    came: () => came,
    watch(child) {
      gate = child;
    },
    close() {
      stopListening();
      process.off('SIGINT', onInterrupt);
      process.off('SIGTERM', passOn);
    },
  };
}
