/** What surrounds each write of the lease: the first call of a run that changes anything. */
export interface Taking {
  /** Called before a write. What it throws ends the wait, and nothing was written. */
  before(): Promise<void>;
  /** Called when a write was refused, since another run was faster: nothing was written. */
  refused(): void;
}

/** Writes the lease between the two calls. Null when another run was faster. */
export async function writeTaking<T>(around: Taking | undefined, write: () => Promise<T | null>): Promise<T | null> {
  await around?.before();
  const written = await write();
  if (written === null) around?.refused();
  return written;
}
