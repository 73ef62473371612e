import type { Wall } from '../../serving/work-clock.ts';

/** A wall that stands still until told: timers fire in order while `advance` moves it. Milliseconds. */
export function createVirtualWall(lateMs = 0): Wall & { advance(milliseconds: number): void; pending(): number } {
  let now = 0;
  const timers = new Set<{ at: number; callback: () => void }>();
  return {
    now: () => now,
    setTimer: (milliseconds, callback) => {
      const timer = { at: now + milliseconds + lateMs, callback };
      timers.add(timer);
      return timer;
    },
    clearTimer: (timer) => timers.delete(timer as { at: number; callback: () => void }),
    pending: () => timers.size,
    advance: (milliseconds) => {
      const end = now + milliseconds;
      for (;;) {
        let next: { at: number; callback: () => void } | undefined;
        for (const timer of timers) if (timer.at <= end && (!next || timer.at < next.at)) next = timer;
        if (!next) break;
        timers.delete(next);
        now = Math.max(now, next.at);
        next.callback();
      }
      now = end;
    },
  };
}
