import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/** Asks somebody at a terminal. */
export interface Asker {
  /** The line that is typed, trimmed; null once the input has ended. */
  ask(question: string): Promise<string | null>;
  say(line: string): void;
  close(): void;
}

/** Whether somebody can be asked: both ends are a terminal. */
export function canAsk(input: { isTTY?: boolean | undefined }, output: { isTTY?: boolean | undefined }): boolean {
  return input.isTTY === true && output.isTTY === true;
}

/** Questions on one stream, and answers a line each from another. Lines that come early wait for their question. */
export function createAsker(input: Readable, output: Writable): Asker {
  const lines = createInterface({ input, output, terminal: false });
  const early: string[] = [];
  let waiting: ((line: string | null) => void) | null = null;
  let isEnded = false;
  lines.on('line', (line) => {
    const give = waiting;
    waiting = null;
    if (give) give(line);
    else early.push(line);
  });
  lines.on('close', () => {
    isEnded = true;
    waiting?.(null);
  });
  const next = () =>
    new Promise<string | null>((done) => {
      waiting = done;
    });
  return {
    async ask(question) {
      output.write(question);
      const line = early.shift() ?? (isEnded ? null : await next());
      return line?.trim() ?? null;
    },
    say: (line) => {
      output.write(`${line}\n`);
    },
    close: () => lines.close(),
  };
}
