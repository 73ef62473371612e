import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from './root.ts';

/** The pages that a user reads. */
export async function pages(): Promise<[name: string, text: string][]> {
  const docs = (await readdir(join(root, 'docs'))).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`);
  const names = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'manifests/README.md', ...docs];
  return Promise.all(names.map(async (name) => [name, await readFile(join(root, name), 'utf8')] as [string, string]));
}

/** Contents of the fenced code blocks of a language. */
export function fences(markdown: string, language: string): string[] {
  return [...markdown.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, 'gm'))].map(([, text]) => text ?? '');
}

const MARK = /^# needs (?:a cluster|Google Cloud|GitHub|a CPU with AVX-512)\n/;

/** Whether a block says in its first line that it needs what no test has. */
export function isMarked(block: string): boolean {
  return MARK.test(block);
}

/** The commands of a block, each on one line, without comments. */
export function commandsOf(block: string): string[] {
  return block
    .replaceAll('\\\n', ' ')
    .split('\n')
    .map((line) =>
      line
        .replace(/(^|\s)#.*$/, '')
        .replace(/\s+/g, ' ')
        .trim(),
    )
    .filter((line) => line !== '');
}
