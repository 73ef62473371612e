import { transform } from 'esbuild';
import { entryFile } from './entries.ts';
import { lazyImports, lazyRuntime } from './lazy.ts';
import { withCarried } from './licenses.ts';
import { loadNcc } from './load-ncc.ts';

/** Relocated by ncc beside the gRPC packages, read only by loaders of `.proto` text, which the gate never calls. */
const NOT_NEEDED = /\.proto$|(^|\/)LICENSE$/;

export const LICENSES = 'licenses.txt';

/** A lazy chunk of ncc, with its number. */
const CHUNK = /^(\d+)\.index\.js$/;

export interface BundleRequest {
  /** Compiled JavaScript of `src/bundle.ts`. */
  entry: string;
  /** Names that the bundle's `run` understands; each becomes a file of its own. */
  entries: readonly string[];
  /** A path that must not appear in the output: the folder of the checkout. */
  root: string;
}

/**
 * Every file of `dist/` by relative path: the entry files, one bundle with its lazy chunks, the licences of what is
 * bundled and of what that carries. CommonJS, because google-gax needs `__dirname` and because ncc's output of ES modules cannot offer it.
 */
export async function bundle({ entry, entries, root }: BundleRequest): Promise<Map<string, string>> {
  const { code, assets } = await loadNcc()(entry, {
    cache: false,
    license: LICENSES,
    quiet: true,
    sourceMapRegister: false,
    target: 'es2024',
  });
  const files = new Map<string, string>();
  for (const name of entries) files.set(`${name}.js`, entryFile(name));
  const chunks = new Map<string, string>();
  for (const [name, { source }] of Object.entries(assets)) {
    const chunk = CHUNK.exec(name)?.[1];
    if (name === LICENSES) files.set(LICENSES, await withCarried(source.toString(), root));
    else if (chunk) chunks.set(chunk, source.toString());
    else if (!NOT_NEEDED.test(name)) throw new Error(`ncc emitted ${name}; say in scripts/build/bundle.ts what it is.`);
  }
  files.set('bundle/index.js', await minify(lazyRuntime(code, chunks)));
  for (const [chunk, text] of chunks) files.set(`bundle/${chunk}.index.js`, await minify(lazyImports(text)));
  for (const [name, text] of files) refuse(name, text, root);
  return files;
}

/** ncc minifies the entry alone, and the lazy chunks are nine tenths of the size. */
async function minify(code: string): Promise<string> {
  const result = await transform(code, {
    // Names stay as they are: to shorten them and keep them for stack traces wraps every closure at run time.
    minifyWhitespace: true,
    minifySyntax: true,
    // Licence texts are collected in one file.
    legalComments: 'none',
    target: 'node24',
  });
  return result.code;
}

function refuse(name: string, text: string, root: string): void {
  if (text.includes(root)) {
    throw new Error(`dist/${name} contains the path of this checkout, so that no other checkout can reproduce it.`);
  }
  // What ncc does not find it leaves to run time.
  const missing = /eval\("require"\)\("(\.[^"]+)"\)/.exec(text)?.[1];
  if (missing !== undefined) {
    throw new Error(`dist/${name} requires ${missing}, which was not found; is it kept in scripts/build/lean.ts?`);
  }
  if (name.endsWith('.js') && /\bimport\.meta\b/.test(text)) {
    throw new Error(
      `dist/${name} contains import.meta, which CommonJS does not have; in src/ only import.meta.url is rewritten.`,
    );
  }
}
