import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';
import type ncc from '@vercel/ncc';

/** What ncc orders of webpack, and what it does not let its caller choose. */
const ORDER = 'concatenateModules:true';

/**
 * ncc, whose modules stay functions of their own. It would put every module into its only importer, where it is run with that
 * and cannot be left until it is used. Throws where ncc has another order.
 */
export function loadNcc(): typeof ncc {
  const entry = createRequire(import.meta.url).resolve('@vercel/ncc');
  const folder = dirname(entry);
  const source = join(folder, 'index.js.cache.js');
  const parts = readFileSync(source, 'utf8').split(ORDER);
  if (parts.length !== 2) {
    throw new Error(`ncc has "${ORDER}" ${parts.length - 1} times, not once; see scripts/build/load-ncc.ts.`);
  }
  const code = parts.join(ORDER.replace('true', 'false'));
  const module: { exports: unknown } = { exports: {} };
  const run = new Script(`(function (exports, require, module, __filename, __dirname) {${code}\n})`, {
    filename: source,
  }).runInThisContext() as (...given: unknown[]) => void;
  run(module.exports, createRequire(entry), module, source, folder);
  return module.exports as typeof ncc;
}
