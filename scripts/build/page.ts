import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

/** Script and style that the page of the history inlines, with the library that draws its charts. */
export async function pageAssets(root: string): Promise<{ script: string; style: string; licence: string }> {
  const library = join(root, 'node_modules', 'uplot');
  const [{ outputFiles }, libraryStyle, style, licence] = await Promise.all([
    build({
      entryPoints: [join(root, 'src', 'history', 'page', 'client', 'main.ts')],
      absWorkingDir: root,
      bundle: true,
      write: false,
      minify: true,
      format: 'iife',
      // Browsers of the last three years.
      target: 'es2022',
      legalComments: 'none',
      tsconfigRaw: {},
    }),
    readFile(join(library, 'dist', 'uPlot.min.css'), 'utf8'),
    readFile(join(root, 'src', 'history', 'page', 'client', 'style.css'), 'utf8'),
    readFile(join(library, 'LICENSE'), 'utf8'),
  ]);
  const script = outputFiles[0]?.text ?? '';
  // Either would end the element of the page that it stands in.
  if (/<\/(?:script|style)|<!--/i.test(script + style))
    throw new Error('the script or style of the page ends its own element');
  return { script, style: `${libraryStyle}\n${style}`, licence: `uplot\nMIT\n${licence}` };
}
