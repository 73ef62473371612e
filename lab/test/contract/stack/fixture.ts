import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** Where the recordings of real parts are. `npm run record:stack` makes them again. */
export const RECORDINGS = resolve(import.meta.dirname, '../../../../test/fixtures/stack');

/** A recording by the name of its file. */
export function recording<T>(name: string): T {
  return JSON.parse(readFileSync(resolve(RECORDINGS, name), 'utf8')) as T;
}
