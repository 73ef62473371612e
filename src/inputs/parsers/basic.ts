import { durationText, parseDuration } from '../../lib/duration.ts';
import type { Parser, Reading } from '../row.ts';

/** The text as it is, trimmed. */
export const plain: Parser<string> = ({ text }, name) => text(name);

/** `true` or `false`, in any case. */
export const boolean: Parser<boolean> = ({ text, bad }, name) => {
  const value = text(name).toLowerCase();
  if (value !== 'true' && value !== 'false') bad(name, value, 'true or false');
  return value === 'true';
};

/** A whole number within limits. `or` names what else is allowed. */
export function integer(min: number, max: number, or = ''): Parser<number> {
  return ({ text, bad }, name) => {
    const value = text(name);
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < min || number > max) {
      bad(name, value, `${or}a whole number from ${min} to ${max}`);
    }
    return number;
  };
}

/** No run and no wait of one is longer; Node's timers end after 24 days. */
const LONGEST_MS = 24 * 3_600_000;

/** A duration with a unit, in milliseconds, from `minMs` to `maxMs` (24 h). */
export function duration(minMs: number, maxMs = LONGEST_MS): Parser<number> {
  return ({ text, bad }, name) => {
    const value = text(name);
    const ms = parseDuration(value);
    const range = `from ${durationText(minMs)} to ${durationText(maxMs)}`;
    if (ms === undefined) bad(name, value, `a duration with a unit ${range}, such as 90s, 25m or 1h30m`);
    else if (ms < minMs || ms > maxMs) bad(name, value, `a duration ${range}`);
    return ms ?? minMs;
  };
}

/** One of a few words, which are also its choices; the first stands in for a wrong one. */
export function oneOf<const T extends string>(
  choices: readonly [T, ...T[]],
): { choices: readonly T[]; parse: Parser<T> } {
  const parse: Parser<T> = ({ text, bad }, name) => {
    const value = text(name);
    const found = choices.find((option) => option === value);
    if (found === undefined) bad(name, value, choices.join(', '));
    return found ?? choices[0];
  };
  return { choices, parse };
}

/** Null for an empty text. */
export function optional<T>(parse: Parser<T>): Parser<T | null> {
  return (reading, name) => (reading.text(name) === '' ? null : parse(reading, name));
}

/** The word itself, or what `parse` makes of any other text. */
export function wordOr<W extends string, T>(word: W, parse: Parser<T>): Parser<W | T> {
  return (reading, name) => (reading.text(name) === word ? word : parse(reading, name));
}

/** The name of an object in Kubernetes. */
export const kubernetesName: Parser<string> = (reading, name) => checkKubernetesName(reading, name, reading.text(name));

/** Checks one name of several in an input. Returns it. */
export function checkKubernetesName({ bad }: Reading, name: string, value: string): string {
  if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(value)) {
    bad(name, value, 'a Kubernetes name: lower-case letters, digits and hyphens, at most 63 characters');
  }
  return value;
}

/** Words of a list with commas or white space. */
export function listOf(text: string): string[] {
  return text.split(/[\s,]+/).filter((part) => part !== '');
}

/** US dollars, above 0 and at most `max`; null for an empty text. */
export function dollars(max: number, allowed: string): Parser<number | null> {
  return ({ text, bad }, name) => {
    const value = text(name);
    if (value === '') return null;
    const amount = Number(value);
    if (!/^\d+(\.\d+)?$/.test(value) || amount <= 0 || amount > max) bad(name, value, allowed);
    return amount;
  };
}
