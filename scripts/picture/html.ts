import { createHash } from 'node:crypto';
import { micromark } from 'micromark';
import { gfmTable, gfmTableHtml } from 'micromark-extension-gfm-table';

/** A comment as a page of HTML that looks as on GitHub, with its details closed. */
export function commentPage(markdown: string): string {
  return `<!doctype html><meta charset="utf-8"><style>${STYLE}</style><main>${commentHtml(markdown)}</main>`;
}

/** Identifies what a picture of the comment shows: the same for two comments that differ only below their first screen. */
export function shownDigest(markdown: string): string {
  const page = commentPage(markdown).replace(/<!--[\s\S]*?-->/g, '');
  const shown = page.replace(/(<\/summary>)[\s\S]*?(<\/details>)/g, '$1$2');
  return createHash('sha256').update(shown).digest('hex');
}

/** A comment as HTML. The HTML in it is the gate's own; foreign text in it is escaped. */
export function commentHtml(markdown: string): string {
  const extensions = { extensions: [gfmTable()], htmlExtensions: [gfmTableHtml()] };
  const html = micromark(markdown, { allowDangerousHtml: true, ...extensions });
  // With the word after it, from which a browser would part a drawing at the end of a line.
  return alerts(html).replace(/([✅❌])(\s?\p{L}*)/gu, (_, sign: string, word: string) => {
    const drawing = sign === '✅' ? glyph('#2da44e', TICK) : glyph('#cf222e', CROSS);
    return `<span class="signed">${drawing}${word}</span>`;
  });
}

/** GitHub's boxes: quotes that begin with `[!CAUTION]`. */
function alerts(html: string): string {
  return html.replace(
    /<blockquote>\n<p>\[!(\w+)\]\n?([\s\S]*?)<\/blockquote>/g,
    (_, kind: string, body: string) =>
      `<div class="alert ${kind.toLowerCase()}"><p class="title">${kind.charAt(0)}${kind.slice(1).toLowerCase()}</p><p>${body}</div>`,
  );
}

const TICK = 'm5 10.5 3.5 3.5L15 6.5';
const CROSS = 'm5.5 5.5 9 9m0-9-9 9';

/** A sign as a drawing, since few machines of CI have a font with emoji. */
function glyph(colour: string, path: string): string {
  return `<svg class="sign" viewBox="0 0 20 20"><rect width="20" height="20" rx="3" fill="${colour}"/><path d="${path}"/></svg>`;
}

/** After GitHub's styles of a comment, with the fonts of the machine. */
export const STYLE = `
  :root { --text: #1f2328; --soft: #59636e; --line: #d1d9e0; --back: #fff; --band: #f6f8fa; --link: #0969da; --code: #818b981f }
  @media (prefers-color-scheme: dark) {
    :root { --text: #f0f6fc; --soft: #9198a1; --line: #3d444d; --back: #0d1117; --band: #151b23; --link: #4493f8; --code: #656c7633 }
  }
  body { margin: 0; background: var(--back) }
  main { box-sizing: border-box; padding: 16px; color: var(--text); border: 1px solid var(--line); border-radius: 6px;
    font: 14px/1.5 -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, "DejaVu Sans", sans-serif, "Noto Color Emoji" }
  main > :first-child { margin-top: 0 } main > :last-child { margin-bottom: 0 }
  h3 { font-size: 1.25em; line-height: 1.25; margin: 0 0 16px }
  p, table, details { margin: 0 0 16px }
  a { color: var(--link); text-decoration: underline; text-underline-offset: .2rem }
  table { border-collapse: collapse; display: block; width: max-content; max-width: 100%; overflow: auto }
  th, td { padding: 6px 13px; border: 1px solid var(--line) }
  tbody tr:nth-child(2n) { background: var(--band) }
  code { font: 85% ui-monospace, "DejaVu Sans Mono", monospace; padding: .2em .4em; border-radius: 6px; background: var(--code) }
  .alert { padding: 8px 16px; margin: 0 0 16px; border-left: 4px solid var(--alert) } .alert > :last-child { margin-bottom: 0 }
  .caution { --alert: #d1242f } .warning { --alert: #9a6700 } .title { color: var(--alert); font-weight: 500 }
  pre { padding: 16px; overflow: auto; background: var(--band); border-radius: 6px } pre code { padding: 0; background: none }
  .signed { white-space: nowrap }
  .sign { height: 1.1em; vertical-align: -.2em; fill: none; stroke: #fff; stroke-width: 2.5 }
  sub { color: var(--soft); font-size: 75% }
`;
