import { join } from 'node:path';
import { Failure } from '../../lib/failure.ts';
import { readText } from './write.ts';

/** Script and style of the page, as they were built. */
export async function readPageAssets(packageRoot: string): Promise<{ script: string; style: string }> {
  const folder = join(packageRoot, 'dist', 'page');
  const [script, style] = await Promise.all(['page.js', 'page.css'].map((name) => readText(join(folder, name))));
  if (script == null || style == null) {
    throw new Failure({
      stage: 'report',
      code: 'no-page-assets',
      message: `${folder} has no page.js and page.css, which the page inlines.`,
      hint: 'Run "npm run build"; they are part of dist/.',
    });
  }
  return { script, style };
}
