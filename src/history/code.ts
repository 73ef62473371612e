import { oneLine } from '../report/escape.ts';

/** Any text of a record as inline code, which nothing in it can end. */
export function code(text: string): string {
  return `\`${oneLine(text.replaceAll(/[`|]+/g, ' '), 200) || '?'}\``;
}
