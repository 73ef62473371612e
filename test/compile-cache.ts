import { join } from 'node:path';

/**
 * Node keeps what it compiled for the processes that the tests start: hundreds of gates and labs, each of which would
 * spend most of its start on the same sources. Read at a worker's start, so that it must be set before the workers are.
 */
export function setup(): void {
  process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, '../node_modules/.cache/compiled');
}
