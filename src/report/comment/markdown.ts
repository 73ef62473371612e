/** Building blocks. Every cell, line and body handed in is safe Markdown already (see escape.ts). */

export type Align = 'left' | 'right';

/** A table; the alignments name the columns' sides in order. */
export function table(header: string[], align: Align[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('\n', ' ')).join(' | ')} |`;
  const rule = `|${align.map((side) => (side === 'right' ? '--:' : ':--')).join('|')}|`;
  return [line(header), rule, ...rows.map(line)].join('\n');
}

/** A fold whose summary (HTML, not Markdown) states the result, so that it informs unopened. */
export function details(summary: string, body: string, open = false): string {
  return `<details${open ? ' open' : ''}>\n<summary>${summary}</summary>\n\n${body}\n\n</details>`;
}

/** An alert box. Paragraphs are separated by quoted blank lines, so a comment and a file render alike. */
export function alert(kind: 'CAUTION' | 'WARNING', paragraphs: string[]): string {
  const lines = paragraphs.flatMap((paragraph, i) =>
    i === 0 ? paragraph.split('\n') : ['', ...paragraph.split('\n')],
  );
  return [`> [!${kind}]`, ...lines.map((line) => (line === '' ? '>' : `> ${line}`))].join('\n');
}

export function paragraphs(parts: (string | null)[]): string {
  return parts.filter((part) => part !== null && part !== '').join('\n\n');
}

export function bullets(items: string[]): string {
  return items.map((item) => `- ${item}`).join('\n');
}
