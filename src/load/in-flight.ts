import type { Stopwatch } from './types.ts';

/** A request that waits for its answer. */
export interface Waiting {
  readonly endsMs: number;
  readonly signal: AbortSignal | undefined;
  onDeadline(): void;
  onAbort(): void;
}

export interface InFlight {
  add(waiting: Waiting): void;
  remove(waiting: Waiting): void;
  close(): void;
}

const LOOK_EVERY_MS = 20;

/**
 * Deadlines and aborts of all requests of a client: one timer and one listener for each signal in place of one for each
 * request, which would cost more than the request itself.
 */
export function createInFlight(clock: Stopwatch): InFlight {
  const all = new Set<Waiting>();
  const listeners = new Map<AbortSignal, () => void>();
  let timer: NodeJS.Timeout | undefined;

  const look = () => {
    const now = clock.now();
    for (const waiting of all) if (waiting.endsMs <= now) waiting.onDeadline();
    if (all.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
  const watch = (signal: AbortSignal) => {
    const listener = () => {
      for (const waiting of [...all]) if (waiting.signal === signal) waiting.onAbort();
    };
    signal.addEventListener('abort', listener, { once: true });
    listeners.set(signal, listener);
  };

  return {
    add(waiting) {
      all.add(waiting);
      timer ??= setInterval(look, LOOK_EVERY_MS);
      const { signal } = waiting;
      if (signal && !listeners.has(signal)) watch(signal);
    },
    remove(waiting) {
      all.delete(waiting);
    },
    close() {
      clearInterval(timer);
      timer = undefined;
      for (const [signal, listener] of listeners) signal.removeEventListener('abort', listener);
      listeners.clear();
    },
  };
}
