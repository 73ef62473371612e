import type { Stopwatch } from './types.ts';

/** A request that waits for its answer. */
export interface Waiting {
  readonly endsMs: number;
  readonly signal: AbortSignal | undefined;
  /** Its place among those in flight, which nobody else changes. */
  place: number;
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
  /** In no order, so that one leaves by giving its place to the last. A set costs several times as much. */
  const all: Waiting[] = [];
  const listeners = new Map<AbortSignal, () => void>();
  let timer: NodeJS.Timeout | undefined;

  const look = () => {
    const now = clock.now();
    // Backwards, since whoever ends gives its place to one that was looked at.
    for (let place = all.length - 1; place >= 0; place -= 1) {
      const waiting = all[place];
      if (waiting && waiting.endsMs <= now) waiting.onDeadline();
    }
    if (all.length === 0) {
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
      waiting.place = all.length;
      all.push(waiting);
      timer ??= setInterval(look, LOOK_EVERY_MS);
      const { signal } = waiting;
      if (signal && !listeners.has(signal)) watch(signal);
    },
    remove(waiting) {
      if (all[waiting.place] !== waiting) return;
      const last = all.pop() as Waiting;
      if (last === waiting) return;
      last.place = waiting.place;
      all[waiting.place] = last;
    },
    close() {
      clearInterval(timer);
      timer = undefined;
      for (const [signal, listener] of listeners) signal.removeEventListener('abort', listener);
      listeners.clear();
    },
  };
}
