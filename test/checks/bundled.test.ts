import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CLI } from '../cli.ts';
import { root } from './root.ts';

/** What each of these files has of a pattern, with the name of the file. */
const found = (files: Iterable<string>, pattern: RegExp) =>
  [...files].flatMap((file) => (readFileSync(file, 'utf8').match(pattern) ?? []).map((text) => `${file}: ${text}`));

/** A bundled module and those that it names, the names of theirs as well. The folder has those of earlier sources beside them. */
function reachable(module: string, known = new Set<string>()): Set<string> {
  known.add(module);
  for (const [, name = ''] of readFileSync(module, 'utf8').matchAll(/"\.\/([\w-]+\.mjs)"/g)) {
    const path = join(dirname(module), name);
    if (!known.has(path)) reachable(path, known);
  }
  return known;
}

describe('the client behind fetch, which takes longer to load than most of a lab', () => {
  it('is loaded by no import in the command line that tests start', () => {
    const modules = reachable(CLI);
    expect(modules.size).toBeGreaterThan(50);
    expect(found(modules, /\bfrom ?"(?:node:)?http"/g)).toEqual([]);
  });

  it('is used by no server of the lab', () => {
    const sources = readdirSync(join(root, 'lab'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.startsWith('test/'))
      .map((name) => join(root, 'lab', name));
    expect(found(sources, /\bfetch\(/g)).toEqual([]);
  });
});
