import { clean } from '../../report/escape.ts';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text for an element or a quoted attribute of the page. What came from a cluster or a commit is hostile. */
export function esc(text: string): string {
  return clean(text).replace(/[&<>"']/g, (found) => ENTITIES[found] ?? '');
}

/** A value for a data block of the page: no text in it can end the block. */
export function dataJson(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll('<', '\\u003c')
    .replaceAll('>', '\\u003e')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');
}

/** A text as a link, or the text alone where there is no address. */
export function linked(text: string, url: string | null): string {
  return url ? `<a href="${esc(url)}">${esc(text)}</a>` : esc(text);
}

/** The fragment of the page that selects a night; null for a key that no run of the gate has. */
export function runFragment(key: string): string | null {
  return /^[\w./ -]{1,250}$/.test(key) ? `#${new URLSearchParams({ run: key })}` : null;
}
