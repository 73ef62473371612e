import { clean } from '../../report/escape.ts';

export { decimal } from '../../lib/number.ts';
export { percent, significant, targetRange, usd } from '../../report/format.ts';

const ENTITIES = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
/** Text for an element or a quoted attribute of the page. What came from a cluster or a commit is hostile. */
export function esc(text) {
  return clean(text).replace(/[&<>"']/g, (found) => ENTITIES[found] ?? '');
}
/** A value for a data block of the page: no text in it can end the block. */
export function dataJson(value) {
  return JSON.stringify(value)
    .replaceAll('<', '\\u003c')
    .replaceAll('>', '\\u003e')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');
}
/** An address that may be followed from the page, or null. */
export function address(url) {
  if (!url || !URL.canParse(url)) return null;
  const { protocol, href } = new URL(url);
  return protocol === 'https:' || protocol === 'http:' ? href : null;
}
/** `21 Nov 2026`, in UTC. */
export function day(ts) {
  const time = Date.parse(ts);
  if (Number.isNaN(time)) return 'an unknown day';
  return new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' }).format(
    time,
  );
}
/** With its first letter as a capital; not `p50`, which is a name. */
export function capital(text) {
  return text.replace(/^[a-z](?!\d)/, (letter) => letter.toUpperCase());
}
