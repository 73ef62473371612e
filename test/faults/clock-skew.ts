/**
 * Does `work` as a machine whose clock is off by so many minutes. What Node itself stamps, such as the Date header of a
 * server in this process, stays right.
 */
export async function atOtherTime<T>(minutes: number, work: () => Promise<T>): Promise<T> {
  const right = globalThis.Date;
  const offMs = minutes * 60_000;
  globalThis.Date = new Proxy(right, {
    construct: (target, args) => Reflect.construct(target, args.length === 0 ? [right.now() + offMs] : args),
    get: (target, key) => (key === 'now' ? () => right.now() + offMs : Reflect.get(target, key)),
  });
  try {
    return await work();
  } finally {
    globalThis.Date = right;
  }
}
