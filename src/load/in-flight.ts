import type { Stopwatch } from './types.ts';

/** A request that waits for its answer. */
export interface Waiting {
  endsMs: number;
  onDeadline(): void;
  onAbort(): void;
}

export interface InFlight {
  add(waiting: Waiting, signal: AbortSignal | undefined): void;
  remove(waiting: Waiting, signal: AbortSignal | undefined): void;
  close(): void;
}

const LOOK_EVERY_MS = 20;

/**
 * Deadlines and aborts of all requests of a client: one timer and one listener for each signal in place of one for each
 * request, which would cost more than the request itself.
 */
export function createInFlight(clock: Stopwatch): InFlight {
  const all = new Set<Waiting>();
  const bySignal = new Map<AbortSignal, { waiting: Set<Waiting>; listener: () => void }>();
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
    const waiting = new Set<Waiting>();
    const listener = () => {
      for (const each of [...waiting]) each.onAbort();
    };
    signal.addEventListener('abort', listener, { once: true });
    const entry = { waiting, listener };
    bySignal.set(signal, entry);
    return entry;
  };

  return {
    add(waiting, signal) {
      all.add(waiting);
      timer ??= setInterval(look, LOOK_EVERY_MS);
      if (signal) (bySignal.get(signal) ?? watch(signal)).waiting.add(waiting);
    },
    remove(waiting, signal) {
      all.delete(waiting);
      if (signal) bySignal.get(signal)?.waiting.delete(waiting);
    },
    close() {
      clearInterval(timer);
      timer = undefined;
      for (const [signal, { listener }] of bySignal) signal.removeEventListener('abort', listener);
      bySignal.clear();
    },
  };
}
