/**
 * `node scripts/prose.ts [FOLDER]` holds the pages to plain English: short sentences, no house dialect. `--figures` prints
 * the length of the sentences of every page, and passes.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { figuresOf, offencesIn } from './prose/rule.ts';

/** Pages that are not held to the rule yet. Every other page is, a new one included. Take away, never add. */
const NOT_YET: ReadonlySet<string> = new Set(['docs/diagnosis.md', 'docs/reference.md', 'docs/troubleshooting.md']);

/** Every Markdown page of the top folder, of docs/ and of manifests/, by its path. */
async function pages(root: string): Promise<string[]> {
  const inFolder = async (folder: string) => {
    const names = await readdir(join(root, folder)).catch(() => []);
    return names.filter((name) => name.endsWith('.md')).map((name) => join(folder, name));
  };
  return (await Promise.all(['.', 'docs', 'manifests'].map(inFolder))).flat().sort();
}

const args = process.argv.slice(2);
const root = resolve(args.find((arg) => !arg.startsWith('--')) ?? join(import.meta.dirname, '..'));
const names = await pages(root);
const texts = await Promise.all(names.map(async (name) => [name, await readFile(join(root, name), 'utf8')] as const));
const held = texts.filter(([name]) => !NOT_YET.has(name));
const offences = held.flatMap(([name, text]) => offencesIn(name, text));

if (args.includes('--figures')) {
  for (const [name, text] of texts) {
    const { sentences, mean, longest } = figuresOf(text);
    console.log(`${name}: ${sentences} sentences, mean ${mean.toFixed(1)} words, longest ${longest}`);
  }
} else if (offences.length > 0 || held.length === 0) {
  for (const offence of offences) console.error(offence);
  console.error(held.length === 0 ? `No page in ${root}.` : `${offences.length} offences against plain English.`);
  process.exitCode = 1;
} else {
  console.log(`${held.length} pages are in plain English.`);
}
