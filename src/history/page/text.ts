export { targetRange, usd } from '../../report/format.ts';

/** An address that may be followed from the page, or null. */
export function address(url: string | null): string | null {
  if (!url || !URL.canParse(url)) return null;
  const { protocol, href } = new URL(url);
  return protocol === 'https:' || protocol === 'http:' ? href : null;
}

/** Made once: that takes much longer than to use it. */
let dayFormat: Intl.DateTimeFormat | undefined;

/** `21 Nov 2026`, in UTC. */
export function day(ts: string): string {
  const time = Date.parse(ts);
  if (Number.isNaN(time)) return 'an unknown day';
  dayFormat ??= new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' });
  return dayFormat.format(time);
}

/** With its first letter as a capital; not `p50`, which is a name. */
export function capital(text: string): string {
  return text.replace(/^[a-z](?!\d)/, (letter) => letter.toUpperCase());
}
