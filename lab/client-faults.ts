import type { ChildProcess } from 'node:child_process';

/** The wall clock of the gate, not its monotonic one: an hour ahead after 8 s, an hour behind after 16 s. */
export const JUMPING_CLOCK = `data:text/javascript,${encodeURIComponent(`
  const Real = Date;
  let ahead = 0;
  globalThis.Date = class Date extends Real {
    constructor(...given) {
      super(...(given.length > 0 ? given : [Real.now() + ahead]));
    }
    static now() {
      return Real.now() + ahead;
    }
  };
  for (const [after, hours] of [[8, 1], [16, -1]]) {
    setTimeout(() => { ahead = hours * 3_600_000; }, after * 1_000).unref();
  }
`)}`;

const STARVE_EVERY_MS = 80;

/** Stops the process for half of the time, as a machine does that others use too. */
export function starve(child: ChildProcess): NodeJS.Timeout {
  let stopped = false;
  return setInterval(() => {
    stopped = !stopped;
    child.kill(stopped ? 'SIGSTOP' : 'SIGCONT');
  }, STARVE_EVERY_MS);
}
