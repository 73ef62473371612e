import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

interface Installed {
  dependencies?: Record<string, string>;
}

/** The part of package-lock.json that is read: every installed package by its folder. */
type Installation = Readonly<Record<string, Installed>>;

/** Packages of types alone, of which nothing is ever bundled. */
const TYPES = /^@types\/|^@octokit\/(?:openapi-)?types$|^undici-types$/;

/**
 * The licences of what is bundled, with those that ncc does not see. ncc lists the packages whose files it reads. A package
 * may carry its dependencies within its own files, as jsonpath-plus carries jsep. So every dependency of a listed package is
 * listed as well, whether a file of its own was read or not. Entries have the form of ncc: name, licence, text.
 */
export async function withCarried(text: string, root: string): Promise<string> {
  const installation = await installationOf(root);
  const folders = missingFrom(text, installation);
  const entries = await Promise.all(folders.map((folder) => entryOf(join(root, folder))));
  return `${[text.trimEnd(), ...entries].join('\n\n')}\n`;
}

/** Folders of the packages that a listed package depends on, directly or not, and that are not listed. Sorted. */
export function missingFrom(text: string, installation: Installation): string[] {
  const listed = listedIn(text, installation);
  const found = new Set<string>();
  const visit = (folder: string) => {
    if (found.has(folder)) return;
    found.add(folder);
    for (const name of Object.keys(installation[folder]?.dependencies ?? {})) {
      const dependency = resolveFrom(folder, name, installation);
      if (dependency) visit(dependency);
    }
  };
  for (const name of listed) if (installation[`node_modules/${name}`]) visit(`node_modules/${name}`);
  const byName = new Map([...found].sort().map((folder) => [nameOf(folder), folder]));
  return [...byName].filter(([name]) => !listed.has(name) && !TYPES.test(name)).map(([, folder]) => folder);
}

/** Throws when the licence of a package is missing that is bundled, or that a bundled one depends on. */
export function refuseUnlicensed(text: string, installation: Installation): void {
  const missing = missingFrom(text, installation).map(nameOf);
  if (missing.length > 0) throw new Error(`dist/licenses.txt lacks ${missing.join(', ')}.`);
}

/** Reads which packages are installed where. */
export async function installationOf(root: string): Promise<Installation> {
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as { packages: Installation };
  return lock.packages;
}

/** Names that begin an entry: a line that names an installed package, behind an empty line. */
function listedIn(text: string, installation: Installation): Set<string> {
  const names = new Set(Object.keys(installation).map(nameOf));
  const lines = text.split('\n');
  return new Set(lines.filter((line, index) => names.has(line) && (lines[index - 1] ?? '') === ''));
}

/** As Node looks for a package: in the folder's own node_modules, then in those above. */
function resolveFrom(folder: string, name: string, installation: Installation): string | null {
  for (let at = folder; ; at = at.slice(0, Math.max(0, at.lastIndexOf('node_modules/') - 1))) {
    const candidate = `${at === '' ? '' : `${at}/`}node_modules/${name}`;
    if (installation[candidate]) return candidate;
    if (at === '') return null;
  }
}

function nameOf(folder: string): string {
  return folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

async function entryOf(folder: string): Promise<string> {
  const text = await readFile(join(folder, 'package.json'), 'utf8');
  const { name, license = 'unknown' } = JSON.parse(text) as { name: string; license?: string };
  const licence = (await readdir(folder)).find((file) => /^(licen[cs]e|copying)/i.test(file));
  const terms = licence ? await readFile(join(folder, licence), 'utf8') : '';
  return `${name}\n${license}\n${terms.replaceAll('\r\n', '\n').trim()}`.trimEnd();
}
