/** Runs things after so many seconds of cluster time; the wall clock runs `timeScale` times faster. */
export interface ClusterClock {
  /** Returns the function that calls it off. */
  after(seconds: number, action: () => void): () => void;
  /** Calls everything off. */
  stop(): void;
}

export function createClock(timeScale: number): ClusterClock {
  const pending = new Set<NodeJS.Timeout>();
  return {
    after(seconds, action) {
      const timer = setTimeout(
        () => {
          pending.delete(timer);
          action();
        },
        (seconds * 1_000) / timeScale,
      );
      pending.add(timer);
      return () => {
        clearTimeout(timer);
        pending.delete(timer);
      };
    },
    stop() {
      for (const timer of pending) clearTimeout(timer);
      pending.clear();
    },
  };
}

/** Seeded random draws (mulberry32), so that a run can be repeated. */
export interface Random {
  between(low: number, high: number): number;
  /** Lower-case letters and digits, as in the names of instances. */
  suffix(length: number): string;
  hex(length: number): string;
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const pick = (alphabet: string, length: number) =>
    Array.from({ length }, () => alphabet[Math.floor(next() * alphabet.length)]).join('');
  return {
    between: (low, high) => low + next() * (high - low),
    suffix: (length) => pick('0123456789bcdfghjklmnpqrstvwxz', length),
    hex: (length) => pick('0123456789abcdef', length),
  };
}
