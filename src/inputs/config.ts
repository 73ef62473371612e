import { type Document, isMap, parseDocument } from 'yaml';
import { redactSecrets } from '../lib/redact.ts';
import { nearest } from '../lib/suggest.ts';
import { CONFIG_FILE, CONFIG_NAMES, refusedInConfig } from './config-rules.ts';
import { shorten } from './shorten.ts';

/** Inputs of a file, as texts by their names; or every problem of the file, each in one sentence. */
export type Config = { values: Readonly<Record<string, string>> } | { problems: string[] };

/** Reads the file of inputs. An empty file gives nothing. No sentence repeats a value of the file. */
export function parseConfig(text: string): Config {
  const document = parseDocument(text, { logLevel: 'silent' });
  const [error] = document.errors;
  if (error) {
    const line = error.linePos?.[0].line;
    return { problems: [`${CONFIG_FILE} is not valid YAML${line === undefined ? '' : `; look at line ${line}`}.`] };
  }
  if (document.contents === null) return { values: {} };
  if (!isMap(document.contents)) return { problems: [`${CONFIG_FILE} must have one input a line, as "name: value".`] };
  const fields = plain(document);
  if (fields === null) return { problems: [`${CONFIG_FILE} must have no aliases.`] };
  const entries = Object.entries(fields);
  const read = entries.map(([name, value]) => ({ name, text: textOf(value), problem: problemOf(name, value) }));
  const problems = read.flatMap(({ problem }) => (problem === null ? [] : [problem]));
  if (problems.length > 0) return { problems };
  return { values: Object.fromEntries(read.map(({ name, text: value }) => [name, value ?? ''])) };
}

/** Null where an alias stands for a value: a few of them can stand for gigabytes. */
function plain(document: Document): Record<string, unknown> | null {
  try {
    return document.toJS({ maxAliasCount: 0 }) as Record<string, unknown>;
  } catch {
    return null;
  }
}

function problemOf(name: string, value: unknown): string | null {
  const refused = refusedInConfig(name);
  if (refused !== null) return refused;
  if (!CONFIG_NAMES.includes(name)) {
    const near = nearest(name.replaceAll('_', '-'), CONFIG_NAMES);
    const shown = redactSecrets(shorten(name));
    return `${CONFIG_FILE} has "${shown}", which is not an input${near ? `; did you mean "${near}"?` : '.'}`;
  }
  const text = textOf(value);
  if (text === null)
    return `${CONFIG_FILE} gives "${name}" a value that is not text, a number, true, false or a list of these.`;
  if (redactSecrets(text) === text) return null;
  return `${CONFIG_FILE} gives "${name}" a value that looks like a secret; take it out, and replace that secret.`;
}

/** The text of a value; the items of a list with commas. Null for any other value. */
function textOf(value: unknown): string | null {
  if (value === null) return '';
  if (['string', 'number', 'boolean'].includes(typeof value)) return String(value).trim();
  if (!Array.isArray(value)) return null;
  const items = value.map((item: unknown) => (Array.isArray(item) ? null : textOf(item)));
  return items.includes(null) ? null : items.join(', ');
}
