/** Wall time and timers, passed in so that tests can run on a virtual clock. Milliseconds. */
export interface Wall {
  now(): number;
  setTimer(milliseconds: number, callback: () => void): unknown;
  clearTimer(timer: unknown): void;
}

export const processWall: Wall = {
  now: () => performance.now(),
  // Node cuts fractions off, which would make every timer early.
  setTimer: (milliseconds, callback) => setTimeout(callback, Math.round(milliseconds)),
  clearTimer: (timer) => clearTimeout(timer as NodeJS.Timeout),
};

export interface Alarm {
  cancel(): void;
}

/**
 * The time in which engines work, in seconds. It runs `timeScale` times faster than the wall while one replica is busy
 * and slower while several are, so one clock carries both the rehearsal's haste and the replicas' contention.
 */
export interface WorkClock {
  now(): number;
  /** Calls back with `at` itself, not with the moment of the call: work that follows starts on the exact deadline. */
  at(at: number, callback: (at: number) => void): Alarm;
  /** Tells that a replica has begun or ceased to run requests. */
  busy(change: 1 | -1): void;
  /** Seconds on the wall, from an arbitrary start: what a server of this rehearsal measures latencies by. */
  wallSeconds(): number;
  close(): void;
}

/** A deadline less than this far ahead counts as reached: timers are that coarse, and rounding must not have a sign. */
const TOLERANCE_MS = 0.5;

/**
 * How much slower work goes with `busy` replicas at work, so that three busy ones complete `scaling` times what one
 * does: 1 for one replica, 3 / scaling for three, linear between.
 */
export function slowdown(busy: number, scaling: number): number {
  return 1 + ((Math.max(1, busy) - 1) / 2) * (3 / scaling - 1);
}

export function createWorkClock(options: { timeScale: number; scaling: number; wall?: Wall }): WorkClock {
  const { timeScale, scaling, wall = processWall } = options;
  const speedOf = (busy: number) => timeScale / 1_000 / slowdown(busy, scaling);
  /** Ascending by deadline. A few dozen at most: running sequences only. */
  const alarms: { at: number; callback: (at: number) => void }[] = [];
  let busyReplicas = 0;
  let speed = speedOf(0);
  let since = { wall: wall.now(), work: 0 };
  let timer: unknown;
  let armedFor = Number.POSITIVE_INFINITY;

  const now = () => since.work + (wall.now() - since.wall) * speed;
  const disarm = () => {
    if (timer !== undefined) wall.clearTimer(timer);
    timer = undefined;
    armedFor = Number.POSITIVE_INFINITY;
  };
  const arm = () => {
    const first = alarms[0];
    if (!first) return disarm();
    const due = wall.now() + (first.at - now()) / speed;
    // A timer that fires too early arms itself again, so only a nearer deadline replaces it.
    if (due >= armedFor - TOLERANCE_MS) return;
    disarm();
    armedFor = due;
    timer = wall.setTimer(Math.max(0, due - wall.now()), fire);
  };
  const fire = () => {
    timer = undefined;
    armedFor = Number.POSITIVE_INFINITY;
    for (let first = alarms[0]; first && first.at - now() <= TOLERANCE_MS * speed; first = alarms[0]) {
      alarms.shift();
      first.callback(first.at);
    }
    arm();
  };

  return {
    now,
    at: (at, callback) => {
      const alarm = { at, callback };
      let place = alarms.length;
      while (place > 0 && alarms[place - 1]!.at > at) place--;
      alarms.splice(place, 0, alarm);
      arm();
      return {
        cancel: () => {
          const index = alarms.indexOf(alarm);
          if (index >= 0) alarms.splice(index, 1);
        },
      };
    },
    busy: (change) => {
      since = { wall: wall.now(), work: now() };
      busyReplicas += change;
      speed = speedOf(busyReplicas);
      arm();
    },
    wallSeconds: () => wall.now() / 1_000,
    close: () => {
      alarms.length = 0;
      disarm();
    },
  };
}
