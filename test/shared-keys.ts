import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SHARED_KEYS } from '../lab/shared-keys.ts';

/** Makes the folder in which the labs of this test run share keys and certificates; returns what removes it. */
export function setup(): (() => void) | undefined {
  // A test run within a test run has that of the outer one.
  if (process.env[SHARED_KEYS] !== undefined) return;
  const folder = mkdtempSync(join(tmpdir(), 'lab-keys-'));
  process.env[SHARED_KEYS] = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
