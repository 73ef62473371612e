import { clean } from '../report/escape.ts';
import type { Emit } from './events.ts';
import type { RendererOptions } from './plain.ts';

/** Each event as one line of JSON, with the milliseconds since the start: for programs, and for a record of a run. */
export function jsonRenderer({ now, write }: RendererOptions): Emit {
  const started = now();
  const cleaned = (_: string, value: unknown) => (typeof value === 'string' ? clean(value) : value);
  return (event) => write(JSON.stringify({ sinceStartMs: Math.round(now() - started), ...event }, cleaned));
}
