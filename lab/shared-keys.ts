import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Names a folder in which the processes of one test run share keys and certificates. Only tests set it. */
export const SHARED_KEYS = 'TPU_SERVING_GATE_LAB_KEYS';

/** Returns what a process of this test run has made under that name; null where there is nothing, and outside of tests. */
export function readShared<T>(name: string): T | null {
  const folder = process.env[SHARED_KEYS];
  if (folder === undefined) return null;
  try {
    return JSON.parse(readFileSync(fileOf(folder, name), 'utf8')) as T;
  } catch {
    // No process has made it yet, or the folder is gone with its test run.
    return null;
  }
}

/**
 * Keeps for other processes of this test run what this one has made; does nothing outside of tests, nor where there is
 * one already. Where two processes make the same at the same time, the later one is kept, and each uses its own.
 */
export function share(name: string, made: unknown): void {
  const folder = process.env[SHARED_KEYS];
  if (folder === undefined) return;
  const file = fileOf(folder, name);
  if (existsSync(file)) return;
  const unfinished = `${file}.${process.pid}`;
  try {
    writeFileSync(unfinished, JSON.stringify(made), { mode: 0o600 });
    renameSync(unfinished, file);
  } catch {
    // Each process can make its own.
  }
}

const fileOf = (folder: string, name: string) => join(folder, `${encodeURIComponent(name)}.json`);
