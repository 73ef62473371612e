import { errorText } from '../errors.ts';

export interface WorkQueue {
  /** Asks for `key` to be handled soon; asking again before that changes nothing. */
  add(key: string): void;
  close(): void;
}

/**
 * A controller's queue: keys are handled one after another on a later turn of the event loop, never inside the store's
 * notification, so that a handler always sees the state after all changes of the current turn. A handler that throws
 * is reported and does not stop the others: an odd object must not take the cluster down.
 */
export function createWorkQueue(name: string, handle: (key: string) => void): WorkQueue {
  const dirty = new Set<string>();
  let scheduled: NodeJS.Immediate | undefined;
  let closed = false;

  const drain = () => {
    scheduled = undefined;
    const keys = [...dirty];
    dirty.clear();
    for (const key of keys) {
      if (closed) return;
      try {
        handle(key);
      } catch (error) {
        process.stderr.write(`lab: ${name} controller: ${key}: ${errorText(error)}\n`);
      }
    }
  };

  return {
    add(key) {
      if (closed) return;
      dirty.add(key);
      scheduled ??= setImmediate(drain);
    },
    close() {
      closed = true;
      dirty.clear();
      if (scheduled) clearImmediate(scheduled);
    },
  };
}
