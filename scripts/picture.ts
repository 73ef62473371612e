/**
 * `node scripts/picture.ts` renders the comment of README.md in Chromium, light and dark, and writes docs/pictures/.
 * `--check` needs no browser: it fails where the comment shows something else than when the pictures were made.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { chromium } from 'playwright-core';
import { chromiumPath, HOW_TO_GET_CHROMIUM } from '../test/browser/chromium.ts';
import { commentPage, shownDigest } from './picture/html.ts';

const root = resolve(import.meta.dirname, '..');
const COMMENT = join(root, 'test/unit/report/golden/pass.md');
const PICTURES = join(root, 'docs/pictures');
const DIGEST = join(PICTURES, 'comment.sha256');
/** CSS pixels. A comment of a pull request on a desktop, and a tenth for a font that is wider than GitHub's. */
const WIDTH = 940;

async function draw(markdown: string): Promise<void> {
  const executablePath = chromiumPath();
  if (executablePath === null) throw new Error(HOW_TO_GET_CHROMIUM);
  // As root Chromium has no sandbox; what it opens here is a page of this repository.
  const browser = await chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
  try {
    for (const colorScheme of ['light', 'dark'] as const) {
      const viewport = { width: WIDTH, height: 600 };
      const page = await browser.newPage({ colorScheme, viewport, deviceScaleFactor: 1.5, javaScriptEnabled: false });
      await page.setContent(commentPage(markdown));
      await page.screenshot({ path: join(PICTURES, `comment-${colorScheme}.png`), fullPage: true });
    }
  } finally {
    await browser.close();
  }
}

const markdown = await readFile(COMMENT, 'utf8');
const digest = `${shownDigest(markdown)}\n`;
if (process.argv.includes('--check')) {
  if ((await readFile(DIGEST, 'utf8').catch(() => '')) !== digest) {
    console.error('The comment differs from its pictures in docs/pictures: run "npm run picture" and look at them.');
    process.exitCode = 1;
  }
} else {
  await mkdir(PICTURES, { recursive: true });
  await draw(markdown);
  await writeFile(DIGEST, digest);
}
