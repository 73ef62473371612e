/**
 * Reads a value of unknown shape as a `T`. `path` is where the value lies, such as `items[2].metadata`; empty for the
 * whole. Throws a mismatch, whose text names the place and what is wrong with it and quotes nothing of the value.
 */
export type Decoder<T> = (value: unknown, path: string) => T;

/** What a decoder returns. */
export type Decoded<D> = D extends Decoder<infer T> ? T : never;

/** What a call should bring: a noun phrase for the error, and the decoder of the answer. */
export interface Wanted<T> {
  noun: string;
  decode: Decoder<T>;
}

const NAME = 'Mismatch';

/** The error of a value that is not what it should be: `items is text, not a list`. */
export function mismatch(path: string, problem: string): Error {
  return Object.assign(new Error(`${path || 'it'} ${problem}`), { name: NAME });
}

/** Whether an error was made by `mismatch`. */
export function isMismatch(error: unknown): error is Error {
  return error instanceof Error && error.name === NAME;
}

function wrong(path: string, value: unknown, wanted: string): Error {
  return mismatch(path, value === undefined ? 'is missing' : `is ${wordFor(value)}, not ${wanted}`);
}

/** What a value is, for a sentence: `a list`, `text`. */
export function wordFor(value: unknown): string {
  if (value === null) return 'null';
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number') return Number.isFinite(value) ? 'a number' : 'a number without end';
  return { string: 'text', boolean: 'true or false', object: 'an object' }[typeof value as string] ?? typeof value;
}

/** Any text. */
export const text: Decoder<string> = (value, path) => {
  if (typeof value !== 'string') throw wrong(path, value, 'text');
  return value;
};

/** Text that is not empty. */
export const name: Decoder<string> = (value, path) => {
  if (text(value, path) === '') throw mismatch(path, 'is empty');
  return value as string;
};

/** A finite number. */
export const number: Decoder<number> = (value, path) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw wrong(path, value, 'a number');
  return value;
};

/** A whole number from 0 that survives JSON: an id, or a count. */
export const whole: Decoder<number> = (value, path) => {
  if (!Number.isSafeInteger(number(value, path)) || (value as number) < 0)
    throw mismatch(path, 'is not a whole number');
  return value as number;
};

/** True or false. */
export const flag: Decoder<boolean> = (value, path) => {
  if (typeof value !== 'boolean') throw wrong(path, value, 'true or false');
  return value;
};

/** Whatever is there. */
export const anything: Decoder<unknown> = (value) => value;

/** Text that a pattern fits; `wanted` names it, as in `a commit hash`. */
export function matching(pattern: RegExp, wanted: string): Decoder<string> {
  return (value, path) => {
    if (!pattern.test(text(value, path))) throw mismatch(path, `is not ${wanted}`);
    return value as string;
  };
}

/** Exactly this text. The mismatch shows the text that is there, in short. */
export function exactly<T extends string>(wanted: T): Decoder<T> {
  return (value, path) => {
    if (text(value, path) !== wanted) throw mismatch(path, `is ${quoted(value as string)}, not ${quoted(wanted)}`);
    return value as T;
  };
}

/** A list; null and a missing one are empty where `empty` allows it. */
export function list<T>(item: Decoder<T>, empty?: 'or-null'): Decoder<T[]> {
  return (value, path) => {
    if (empty && (value === null || value === undefined)) return [];
    if (!Array.isArray(value)) throw wrong(path, value, 'a list');
    return value.map((one, index) => item(one, `${path}[${index}]`));
  };
}

/** Null or missing becomes undefined; anything else is decoded. */
export function maybe<T>(decoder: Decoder<T>): Decoder<T | undefined> {
  return (value, path) => (value === null || value === undefined ? undefined : decoder(value, path));
}

/** An object of any fields, all of one kind. A field that is null is left out. */
export function record<T>(field: Decoder<T>): Decoder<Record<string, T>> {
  return (value, path) =>
    Object.fromEntries(
      Object.entries(plain(value, path)).flatMap(([key, one]) =>
        one === null ? [] : [[key, field(one, at(path, oneWord(key)))]],
      ),
    );
}

type Fields = Readonly<Record<string, Decoder<unknown>>>;
type OfFields<F extends Fields> = { [Name in keyof F]: Decoded<F[Name]> };

/** An object with these fields, each decoded, and whatever else it has as it is. A field that is undefined is left out. */
export function object<F extends Fields>(fields: F): Decoder<OfFields<F> & Record<string, unknown>> {
  const names = Object.keys(fields);
  return (value, path) => {
    const read: Record<string, unknown> = { ...plain(value, path) };
    for (const each of names) {
      const decoded = (fields[each] as Decoder<unknown>)(read[each], at(path, each));
      if (decoded === undefined) delete read[each];
      else read[each] = decoded;
    }
    return read as OfFields<F> & Record<string, unknown>;
  };
}

type SomeOf<F extends Fields> = { [Name in keyof F]?: Decoded<F[Name]> };

/** Like `object`, with fields that may all be null or missing. */
export function some<F extends Fields>(fields: F): Decoder<SomeOf<F> & Record<string, unknown>> {
  const optional = Object.fromEntries(Object.entries(fields).map(([each, decoder]) => [each, maybe(decoder)]));
  return object(optional) as Decoder<SomeOf<F> & Record<string, unknown>>;
}

function plain(value: unknown, path: string): Record<string, unknown> {
  if (!isMap(value)) throw wrong(path, value, 'an object');
  return value;
}

/** Whether a value is an object with fields: neither null nor a list. */
export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const at = (path: string, field: string) => (path === '' ? field : `${path}.${field}`);

/** A name that came from outside, for a path. */
const oneWord = (key: string) => (/^[\w./-]{1,80}$/.test(key) ? key : quoted(key));

/** Text from outside, for a sentence: on one line, of at most 60 characters, without invisible ones. */
export function quoted(given: string): string {
  const line = given
    .slice(0, 200)
    .replace(/[\p{C}\s]+/gu, ' ')
    .replaceAll('"', "'")
    .trim();
  return `"${line.length > 60 ? `${line.slice(0, 59)}…` : line}"`;
}

/** Parses JSON. The mismatch of other text describes what it looks like, and never quotes it but for the title of a page. */
export function fromJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    throw mismatch('', notJson(body, error));
  }
}

function notJson(body: string, error: unknown): string {
  if (body.trim() === '') return 'is empty';
  if (/^\s*</.test(body)) {
    const title = /<title[^>]*>([^<]{1,200})/i.exec(body.slice(0, 10_000))?.[1];
    return `is a page of HTML${title ? ` with the title ${quoted(title)}` : ''}`;
  }
  const endsEarly = error instanceof SyntaxError && /end of JSON|unterminated/i.test(error.message);
  return endsEarly ? 'is JSON that ends too early' : 'is not JSON';
}
