import { clock, humanDuration } from '../lib/duration.ts';
import { clean } from '../report/escape.ts';
import { STAGES } from '../report/wording.ts';
import type { Emit, ProgressEvent } from './events.ts';

export interface RendererOptions {
  /** Receives one line, without its newline. */
  write: (line: string) => void;
  /** Monotonic milliseconds. */
  now: () => number;
}

const HEARTBEAT_MS = 30_000;
/** After this long in one wait a heartbeat a minute is enough. */
const QUIET_AFTER_MS = 300_000;

/**
 * Plain lines for a pipe, a file or a log: a line for each stage before and after, waits on change and as a heartbeat.
 * Elapsed time since the start stands in brackets. No control characters.
 */
export function plainRenderer(options: RendererOptions): Emit {
  const started = options.now();
  // By stage: two stages may wait side by side, and neither shall make the other repeat itself.
  const waits = new Map<string, { seen: string; at: number }>();
  const usual = new Map<string, number>();
  // Text from a pod may hold line breaks and terminal sequences; an event stays one line of the log.
  const write = (line: string) =>
    options.write(
      clean(line)
        .replace(/[\n\t]+/g, ' ')
        .trimEnd(),
    );
  const stamp = () => `[${clock(options.now() - started).padStart(5, '0')}]`;
  const number = (stage: (typeof STAGES)[number]) => `${STAGES.indexOf(stage) + 1}/${STAGES.length}`;

  return (event: ProgressEvent) => {
    switch (event.type) {
      case 'stage-start': {
        const limits = [
          event.usualMs === null ? null : `usual ${clock(event.usualMs)}`,
          event.limitMs === null ? null : `limit ${clock(event.limitMs)}`,
        ].filter((part) => part !== null);
        write(`▶ ${number(event.stage)} ${event.title}${limits.length > 0 ? `   ${limits.join(', ')}` : ''}`);
        waits.delete(event.stage);
        if (event.usualMs !== null) usual.set(event.stage, event.usualMs);
        break;
      }
      case 'stage-end': {
        const sign = ({ done: '✔', failed: '✘', stopped: '■' } as const)[event.outcome];
        write(`${sign} ${number(event.stage)} ${event.stage}   ${clock(event.durationMs)}   ${event.summary}`);
        waits.delete(event.stage);
        break;
      }
      case 'fact':
      case 'round':
        write(`  ${stamp()} ${event.text}`);
        break;
      case 'checked': {
        const signs = { pass: 'ok  ', warning: 'look', fail: 'FAIL', 'not-checked': '–   ' } as const;
        const remedy = event.outcome === 'pass' || event.remedy === null ? '' : ` To do: ${event.remedy}`;
        write(`  ${stamp()} ${signs[event.outcome]} ${event.title}: ${event.seen}${remedy}`);
        break;
      }
      case 'waiting': {
        const heartbeat = event.elapsedMs > QUIET_AFTER_MS ? 2 * HEARTBEAT_MS : HEARTBEAT_MS;
        const last = waits.get(event.stage);
        if (last?.seen === event.seen && options.now() - last.at < heartbeat) return;
        const spent = `${humanDuration(event.elapsedMs)} so far${usualText(usual.get(event.stage), event.elapsedMs)}`;
        write(`  ${stamp()} waiting for ${event.what}: ${event.seen}; ${spent}, limit ${humanDuration(event.limitMs)}`);
        waits.set(event.stage, { seen: event.seen, at: options.now() });
        break;
      }
      case 'warning':
        write(`  ${stamp()} warning: ${event.text}`);
        break;
      case 'closing':
        write('');
        for (const line of event.lines) write(line);
        break;
    }
  };
}

/** Past the usual time that it takes longer, and never a time to go that is negative. */
function usualText(usualMs: number | undefined, elapsedMs: number): string {
  if (usualMs === undefined) return '';
  return elapsedMs <= usualMs ? `, usual ${humanDuration(usualMs)}` : ', longer than usual';
}
