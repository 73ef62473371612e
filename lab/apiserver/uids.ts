/**
 * Two names of one object: the uid that a controller of the lab saw when it made the object, and the one that the API
 * server gave it a moment later. Controllers keep seeing the first, also in owner references; the server the second.
 */
export interface Uids {
  learn(local: string, real: string): void;
  /** A value with every local uid in it as the server knows it. */
  outward<T>(value: T): T;
  /** A value with every uid in it as the controllers know it. */
  inward<T>(value: T): T;
}

const UID = /"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"/g;

export function createUids(): Uids {
  const real = new Map<string, string>();
  const local = new Map<string, string>();
  const translated = <T>(value: T, names: Map<string, string>): T => {
    const text = JSON.stringify(value);
    const other = (uid: string) => `"${names.get(uid.slice(1, -1)) ?? uid.slice(1, -1)}"`;
    return JSON.parse(text.replaceAll(UID, other)) as T;
  };
  return {
    learn(mine, theirs) {
      real.set(mine, theirs);
      local.set(theirs, mine);
    },
    outward: (value) => translated(value, real),
    inward: (value) => translated(value, local),
  };
}
