import { stripVTControlCharacters } from 'node:util';

/**
 * Text from a cluster, a registry or a cloud ends up in a comment under the repository's name. Everything
 * that is not ours goes through one of the functions here. GitHub finds mentions and references in the rendered text,
 * where a backslash no longer protects, so those are broken with a zero-width space; inside code nothing is linked.
 */

/** Hosts whose https links a remedy may carry; every other address is shown but not linked. */
const LINKED_HOSTS =
  '(?:console\\.cloud|cloud|docs\\.cloud|status\\.cloud)\\.google\\.com|status\\.huggingface\\.co|docs\\.github\\.com|kubernetes\\.io|huggingface\\.co';

const INLINE = new RegExp(
  [
    '[&<>\\\\`*_[\\]~|$]',
    '@(?=[\\p{L}\\p{N}_-])',
    '#(?=\\d)',
    '\\bgh-(?=\\d)',
    `\\b(?!https://(?:${LINKED_HOSTS})/)[a-z]{2,10}:(?=//)`,
    '\\bwww(?=\\.)',
  ].join('|'),
  'giu',
);

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
/** Operating system commands such as terminal links; the platform's own stripping knows one of their two endings. */
const ESC = String.fromCharCode(27);
const OSC = new RegExp(`${ESC}\\][^${ESC}]*?(?:${String.fromCharCode(7)}|${ESC}\\\\)`, 'g');

const BROKEN = '&#8203;';

/**
 * Well-formed text without terminal sequences, control or invisible formatting characters (bidirectional overrides
 * among them). Line breaks and tabs stay.
 */
export function clean(text: string): string {
  return stripVTControlCharacters(text.toWellFormed().replace(OSC, ''))
    .replace(/\r\n?|[\u2028\u2029\u0085\v\f]/g, '\n')
    .replace(/[^\P{C}\n\t\u{e000}-\u{f8ff}]/gu, '');
}

/** At most `max` code points; what was cut is shown as an ellipsis. Never splits a surrogate pair. */
export function clip(text: string, max: number): string {
  if (text.length <= max) return text;
  // A code point has one or two units, so that these have more than `max` points where the text does.
  const points = [...text.slice(0, 2 * max + 2)];
  return points.length <= max ? text : `${points.slice(0, Math.max(0, max - 1)).join('')}…`;
}

/** Cleaned, on one line, at most `max` code points: for logs, annotations and as the base of the others. */
export function oneLine(text: string, max = 600): string {
  return clip(
    clean(text)
      .replace(/[^\S\u00a0]+/g, ' ')
      .trim(),
    max,
  );
}

/**
 * One line that the runner cannot take for a workflow command: `::name::` counts at the start of a line, the older
 * `##[name]` anywhere in it.
 */
export function logLine(text: string, max = 600): string {
  return oneLine(text, max).replaceAll('##[', '## [').replace(/^::/, ': :');
}

/** Inline Markdown that shows the text as it is: in a sentence, a heading, a table cell or an alert. */
export function inline(text: string, max = 600): string {
  return escapeInline(oneLine(text, max));
}

/** Like `inline`, for sentences of the gate that mark names with backticks: those become code. */
export function prose(text: string, max = 600): string {
  const line = oneLine(text, max);
  const parts: string[] = [];
  let from = 0;
  for (const match of line.matchAll(/`([^`]+)`/g)) {
    parts.push(escapeInline(line.slice(from, match.index), from === 0), code(match[1] ?? '', max));
    from = match.index + match[0].length;
  }
  parts.push(escapeInline(line.slice(from), from === 0));
  return parts.join('');
}

/** A code span. A pipe would end a table cell even inside backticks, so such text is written as an element. */
export function code(text: string, max = 200): string {
  const line = oneLine(text, max);
  if (line === '') return '–';
  if (line.includes('|')) return `<code>${line.replace(/[!-/:-@[-`{-~]/g, (c) => `&#${c.charCodeAt(0)};`)}</code>`;
  const fence = '`'.repeat(longestRun(line) + 1);
  const pad = line.startsWith('`') || line.endsWith('`') ? ' ' : '';
  return `${fence}${pad}${line}${pad}${fence}`;
}

/**
 * Text inside `<summary>`, where Markdown is not read. Written in entities, it is also safe where Markdown is.
 */
export function html(text: string, max = 300): string {
  return oneLine(text, max).replace(INLINE, (found) => {
    if (breakable(found)) return `${found}${BROKEN}`;
    return ENTITIES[found] ?? `&#${found.charCodeAt(0)};`;
  });
}

/** A fenced block whose fence is longer than any run of backticks inside. Lines beyond `maxLines` are counted. */
export function fenced(lines: string[], limits: { maxLines: number; maxColumns: number }, language = 'text'): string {
  const { maxLines, maxColumns } = limits;
  // One entry gives at least one line, so the entries beyond need not be read.
  const read = lines.slice(0, maxLines).flatMap((line) =>
    clean(clip(line, maxColumns * maxLines))
      .replaceAll('\t', '  ')
      .trimEnd()
      .split('\n'),
  );
  const shown = read.slice(0, maxLines).map((line) => clip(line, maxColumns));
  const left = read.length - shown.length + Math.max(0, lines.length - maxLines);
  if (left > 0) shown.push(`… ${left} more`);
  const body = shown.join('\n');
  const fence = '`'.repeat(Math.max(3, longestRun(body) + 1));
  return `${fence}${language}\n${body}\n${fence}`;
}

/** A link, or the label alone when the address is not http(s). The label must be safe Markdown already. */
export function link(label: string, address: string | null | undefined): string {
  if (!address || !URL.canParse(address)) return label;
  const url = new URL(address);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return label;
  return `[${label}](${url.href.replace(/[()<>\s|\\]/g, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`)})`;
}

/** JSON for the inside of an HTML comment: `<`, `>` and `--` cannot end it. Parses back to the same value. */
export function commentJson(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c').replaceAll('>', '\\u003e').replaceAll('--', '-\\u002d');
}

function escapeInline(line: string, atStart = true): string {
  const escaped = line.replace(INLINE, (found) => {
    if (breakable(found)) return `${found}${BROKEN}`;
    return ENTITIES[found] ?? `\\${found}`;
  });
  if (!atStart) return escaped;
  return escaped.replace(/^([-+=#])/, '\\$1').replace(/^(\d{1,9})([.)])(?=\s|$)/, '$1\\$2');
}

/** What becomes a link by what follows it, so that no escape of a single character helps. */
function breakable(found: string): boolean {
  return found.length > 1 || found === '@' || found === '#';
}

function longestRun(text: string): number {
  return (text.match(/`+/g) ?? []).reduce((longest, run) => Math.max(longest, run.length), 0);
}
