/**
 * `node scripts/prose.ts [FOLDER]` holds the pages to plain English: short sentences, no house dialect. It looks for the
 * dialect in the texts and comments of src/ too. `--figures` prints the length of the sentences of every page, and passes.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { figuresOf, offencesIn } from './prose/rule.ts';
import { offencesInSource } from './prose/sources.ts';

/** Folders of src/ whose texts are not held to the rule yet. Take away, never add. */
const NOT_YET: string[] = [];

/** Every Markdown page of the top folder, of docs/ and of manifests/, by its path. */
async function pages(root: string): Promise<string[]> {
  const inFolder = async (folder: string) => {
    const names = await readdir(join(root, folder)).catch(() => []);
    return names.filter((name) => name.endsWith('.md')).map((name) => join(folder, name));
  };
  return (await Promise.all(['.', 'docs', 'manifests'].map(inFolder))).flat().sort();
}

/** Every source file of src/ that is held to the rule, by its path. */
async function sources(root: string): Promise<string[]> {
  const names = await readdir(join(root, 'src'), { recursive: true }).catch(() => []);
  return names
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join('src', name))
    .filter((name) => !NOT_YET.some((folder) => name.startsWith(folder)))
    .sort();
}

const args = process.argv.slice(2);
const root = resolve(args.find((arg) => !arg.startsWith('--')) ?? join(import.meta.dirname, '..'));
const read = (names: string[]) =>
  Promise.all(names.map(async (name) => [name, await readFile(join(root, name), 'utf8')] as const));
const [texts, code] = await Promise.all([pages(root).then(read), sources(root).then(read)]);
const offences = [
  ...texts.flatMap(([name, text]) => offencesIn(name, text)),
  ...code.flatMap(([name, text]) => offencesInSource(name, text)),
];

if (args.includes('--figures')) {
  for (const [name, text] of texts) {
    const { sentences, mean, longest } = figuresOf(text);
    console.log(`${name}: ${sentences} sentences, mean ${mean.toFixed(1)} words, longest ${longest}`);
  }
} else if (offences.length > 0 || texts.length === 0) {
  for (const offence of offences) console.error(offence);
  console.error(texts.length === 0 ? `No page in ${root}.` : `${offences.length} offences against plain English.`);
  process.exitCode = 1;
} else {
  console.log(`${texts.length} pages and ${code.length} source files are in plain English.`);
}
