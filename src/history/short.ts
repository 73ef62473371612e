import { createHash } from 'node:crypto';
import { oneLine } from '../report/escape.ts';

/** Text for a record: on one line, without control characters, at most `max` code points. */
export function short(text: string, max: number): string {
  return oneLine(text, max);
}

/** The first eight digits of the SHA-256 of the parts. */
export function fingerprint(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 8);
}
