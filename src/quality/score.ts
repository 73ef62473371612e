import { isDeepStrictEqual } from 'node:util';
import type { Expected } from './task.ts';

/**
 * Whether an answer is right. A text is right if it is one of the expected texts after the same normalisation of both
 * (`normalised`). JSON is compared by its structure: order of fields and white space do not count, types do.
 */
export function isRight(answer: string, expected: Expected): boolean {
  if ('json' in expected) return isDeepStrictEqual(jsonOf(answer), { value: plain(expected.json) });
  const own = normalised(answer);
  return own !== '' && expected.texts.some((text) => normalised(text) === own);
}

/**
 * An answer in the form in which answers are compared: without what a model thought before it, without a code fence,
 * without a leading `Answer:`, without quotation marks, asterisks or backticks around it, without a final point, with
 * single spaces, and with digits that no comma groups. Upper and lower case differ.
 */
export function normalised(answer: string): string {
  let text = unfenced(withoutThought(answer)).normalize('NFKC').replace(/\s+/g, ' ').trim();
  text = text.replace(/^(?:the )?answer(?: is)?:? /i, '');
  for (let before = ''; before !== text; ) {
    before = text;
    text = text.replace(/^(["'`]|\*\*)(.*)\1$/, '$2').trim();
    // An ellipsis is not a final point.
    text = text.replace(/([^.])\.$/, '$1').trim();
  }
  if (/^[+-]?\d{1,3}(,\d{3})+$/.test(text)) return text.replaceAll(',', '');
  return text.replace(/\s*,\s*/g, ', ');
}

function withoutThought(answer: string): string {
  const end = answer.lastIndexOf('</think>');
  return end < 0 ? answer : answer.slice(end + '</think>'.length);
}

function unfenced(text: string): string {
  return /^\s*```[a-z]*\s*\n([\s\S]*?)\n?```\s*$/i.exec(text)?.[1] ?? text;
}

/** The value that an answer is; an empty object where it is not JSON. */
function jsonOf(answer: string): { value?: unknown } {
  try {
    return { value: plain(JSON.parse(unfenced(withoutThought(answer)).trim())) };
  } catch {
    return {};
  }
}

/** JSON has one zero, and no other value that is equal only to the eye. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value) ?? 'null') as unknown;
}
