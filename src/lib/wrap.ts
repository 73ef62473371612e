/** Columns of help that goes to no terminal, and the most of a line that a person reads with ease. */
const WIDEST = 100;
/** Narrower than this, lines are left to the terminal. */
const NARROWEST = 40;

/** The columns to write for: those of the terminal, within bounds. */
export function columnsFor(columns: number | undefined): number {
  return Math.min(WIDEST, Math.max(NARROWEST, columns ?? WIDEST));
}

/**
 * Lines of at most `width` characters, unless a word is longer. Lines after the first begin with `indent` spaces. White space
 * at the beginning of the text stays, and a no-break space breaks no line.
 */
export function wrapped(text: string, width: number, indent = 0): string[] {
  const [, start = '', rest = ''] = /^( *)(.*)$/s.exec(text) ?? [];
  const [first = '', ...parts] = rest.split(/(?<=[^ ])(?= )/);
  const lines = [start + first];
  for (const part of parts) {
    const line = lines.at(-1) ?? '';
    if (line.length + part.length > width) lines.push(' '.repeat(indent) + part.replace(/^ +/, ''));
    else lines[lines.length - 1] = line + part;
  }
  return lines;
}
