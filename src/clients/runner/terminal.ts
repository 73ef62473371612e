import { wrapped } from '../../lib/wrap.ts';

/** The last line of a terminal, which is drawn again and again; what is printed scrolls above it. */
export interface LiveLine {
  /** Asked for its text at each drawing; null takes the line away. */
  show(text: (() => string) | null): void;
  print(line: string): void;
}

/** Whether somebody sits there who sees a line that changes: not a pipe, not CI, not a dumb terminal. */
export function isTerminal(
  { isTTY, columns }: { isTTY?: boolean | undefined; columns?: number | undefined },
  { CI, TERM }: Readonly<Record<string, string | undefined>>,
): boolean {
  // Without a width, as some pseudo-terminals are, there is no line that could change.
  return isTTY === true && (columns ?? 0) > 0 && !CI && TERM !== 'dumb';
}

/** The live line of a terminal, by ora, which knows nothing of NO_COLOR (https://no-color.org). */
export async function liveLine(
  stream: NodeJS.WriteStream,
  { NO_COLOR }: Readonly<Record<string, string | undefined>>,
): Promise<LiveLine> {
  const { default: ora } = await import('ora');
  let text: (() => string) | null = null;
  // Whether there is a terminal has been decided; its own interrupts would end the process before the nodes are released.
  const spinner = ora({
    stream,
    isEnabled: true,
    discardStdin: false,
    ...(NO_COLOR ? { color: false as const } : {}),
    suffixText: () => fitted(text?.() ?? '', stream.columns),
  });
  return {
    show(next) {
      text = next;
      if (next === null) spinner.stop();
      else if (!spinner.isSpinning) spinner.start();
    },
    print(line) {
      spinner.clear();
      // One write: ora draws its line again after each.
      stream.write(`${wrapped(line, stream.columns, hanging(line)).join('\n')}\n`);
      if (spinner.isSpinning) spinner.render();
    },
  };
}

/** Where the text of a line begins that has a label or a time before it: `verdict     pass`, `  [00:12] text`. */
function hanging(line: string): number {
  return /^(?:\s*\[[\d:]+\] |\S.{0,14}?\s{2,})/.exec(line)?.[0].length ?? 4;
}

/** A line that wraps would leave its beginning behind. */
function fitted(text: string, columns = 80): string {
  const room = Math.max(10, columns - 4);
  return [...text].length > room ? `${[...text].slice(0, room - 1).join('')}…` : text;
}
