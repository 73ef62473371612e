import { commentHtml, STYLE } from './html.ts';

/** A screen that comments are looked at on. */
export interface Screen {
  name: 'desktop' | 'phone';
  /** Of a comment, CSS pixels. */
  width: number;
  /** Comments beside each other. */
  columns: number;
  /** Comments of one sheet. */
  most: number;
}

/** A pull request on a desktop, and on a telephone of 390 pixels. */
export const SCREENS: readonly Screen[] = [
  { name: 'desktop', width: 860, columns: 2, most: 6 },
  { name: 'phone', width: 358, columns: 5, most: 10 },
];

const GAP = 16;

/** Width of a sheet, CSS pixels. */
export function sheetWidth({ width, columns }: Screen): number {
  return columns * width + (columns + 1) * GAP;
}

/** Comments beside each other on one page of HTML, each as wide as the screen shows it, with its name above. */
export function sheetPage(comments: readonly (readonly [name: string, markdown: string])[], screen: Screen): string {
  const { width, columns } = screen;
  const style = `${STYLE}
    body { display: grid; grid-template-columns: repeat(${columns}, ${width}px); gap: ${GAP}px; padding: ${GAP}px; align-items: start }
    main { width: ${width}px; min-width: 0; overflow: hidden }
    .name { color: var(--soft); font: 12px monospace; margin: 0 0 4px }`;
  const shown = comments.map(
    ([name, markdown]) => `<section><p class="name">${name}</p><main>${commentHtml(markdown)}</main></section>`,
  );
  return `<!doctype html><meta charset="utf-8"><style>${style}</style>${shown.join('')}`;
}

/** The comments in groups that fit on a sheet. */
export function sheetsOf<T>(all: readonly T[], { most }: Screen): T[][] {
  return Array.from({ length: Math.ceil(all.length / most) }, (_, at) => all.slice(at * most, (at + 1) * most));
}
