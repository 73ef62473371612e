/**
 * `node scripts/picture.ts` renders the comment of README.md in Chromium, light and dark, and writes docs/pictures/.
 * `--check` needs no browser: it fails where the comment shows something else than when the pictures were made.
 * `--sheets FOLDER` renders every golden comment, for a desktop and a telephone, light and dark, many on one picture.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { chromiumPath, HOW_TO_GET_CHROMIUM } from '../test/browser/chromium.ts';
import { commentPage, shownDigest } from './picture/html.ts';
import { SCREENS, sheetPage, sheetsOf, sheetWidth } from './picture/sheets.ts';

const root = resolve(import.meta.dirname, '..');
const GOLDEN = join(root, 'test/unit/report/golden');
const COMMENT = join(GOLDEN, 'pass.md');
const PICTURES = join(root, 'docs/pictures');
const DIGEST = join(PICTURES, 'comment.sha256');
/** CSS pixels. A comment of a pull request on a desktop, and a tenth for a font that is wider than GitHub's. */
const WIDTH = 940;

const SCHEMES = ['light', 'dark'] as const;

async function withBrowser(work: (browser: Browser) => Promise<void>): Promise<void> {
  const executablePath = chromiumPath();
  if (executablePath === null) throw new Error(HOW_TO_GET_CHROMIUM);
  // As root Chromium has no sandbox; what it opens here is a page of this repository.
  const browser = await chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
  try {
    await work(browser);
  } finally {
    await browser.close();
  }
}

interface Picture {
  html: string;
  path: string;
  width: number;
  scale: number;
  colorScheme: (typeof SCHEMES)[number];
}

async function shoot(browser: Browser, { html, path, width, scale, colorScheme }: Picture): Promise<void> {
  const viewport = { width, height: 600 };
  const page = await browser.newPage({ colorScheme, viewport, deviceScaleFactor: scale, javaScriptEnabled: false });
  await page.setContent(html);
  await page.screenshot({ path, fullPage: true });
  await page.close();
}

async function draw(markdown: string): Promise<void> {
  await withBrowser(async (browser) => {
    for (const colorScheme of SCHEMES) {
      const path = join(PICTURES, `comment-${colorScheme}.png`);
      await shoot(browser, { html: commentPage(markdown), path, width: WIDTH, scale: 1.5, colorScheme });
    }
  });
}

/** Every golden comment, to be looked at. */
async function drawSheets(folder: string): Promise<void> {
  const names = (await readdir(GOLDEN)).filter((name) => name.endsWith('.md')).sort();
  const comments = await Promise.all(
    names.map(async (name) => [name, await readFile(join(GOLDEN, name), 'utf8')] as const),
  );
  await mkdir(folder, { recursive: true });
  await withBrowser(async (browser) => {
    for (const screen of SCREENS) {
      for (const [index, sheet] of sheetsOf(comments, screen).entries()) {
        for (const colorScheme of SCHEMES) {
          const path = join(folder, `${screen.name}-${colorScheme}-${index + 1}.png`);
          const html = sheetPage(sheet, screen);
          await shoot(browser, { html, path, width: sheetWidth(screen), scale: 1, colorScheme });
          console.log(path);
        }
      }
    }
  });
}

const markdown = await readFile(COMMENT, 'utf8');
const digest = `${shownDigest(markdown)}\n`;
const sheets = process.argv.indexOf('--sheets');
if (sheets > 0) {
  await drawSheets(resolve(process.argv[sheets + 1] ?? 'sheets'));
} else if (process.argv.includes('--check')) {
  if ((await readFile(DIGEST, 'utf8').catch(() => '')) !== digest) {
    console.error('The comment differs from its pictures in docs/pictures: run "npm run picture" and look at them.');
    process.exitCode = 1;
  }
} else {
  await mkdir(PICTURES, { recursive: true });
  await draw(markdown);
  await writeFile(DIGEST, digest);
}
