import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { pageAssets } from '../../scripts/build/page.ts';
import { pageModel } from '../../src/history/page/model.ts';
import { renderPage } from '../../src/history/page/view.ts';
import type { HistoryRecord } from '../../src/history/record.ts';
import { chromiumPath } from './chromium.ts';

const root = join(import.meta.dirname, '..', '..');

/** Windows that the page is opened in. */
export const LOOKS = {
  light: { colorScheme: 'light', viewport: { width: 1_200, height: 900 } },
  dark: { colorScheme: 'dark', viewport: { width: 1_200, height: 900 } },
  phone: { colorScheme: 'light', viewport: { width: 390, height: 844 }, hasTouch: true },
  'dark-phone': { colorScheme: 'dark', viewport: { width: 390, height: 844 }, hasTouch: true },
} as const satisfies Record<string, BrowserContextOptions>;

/** A page that is open, with all that it asked for and complained of. */
export interface Opened {
  page: Page;
  url: string;
  requests: string[];
  complaints: string[];
  close: () => Promise<void>;
}

/** Pages of histories, by name, and a Chromium that opens them. */
export interface Pages {
  /** Where screenshots are kept. */
  shots: string;
  /** Opens a page with a fragment, such as `#metric=cost`. Its context has no way to any network. */
  open: (name: string, look?: BrowserContextOptions, fragment?: string) => Promise<Opened>;
  close: () => Promise<void>;
}

/** Writes a page for each history, which has one or more series, and starts Chromium. */
export async function startPages(
  histories: Readonly<Record<string, readonly (readonly [series: string, records: readonly HistoryRecord[]])[]>>,
): Promise<Pages> {
  const folder = mkdtempSync(join(tmpdir(), 'page-'));
  const shots = join(root, 'rehearsal', 'page');
  const assets = await pageAssets(root);
  for (const [name, series] of Object.entries(histories)) {
    const [first, ...others] = series.map(([own, records]) => pageModel(own, records));
    writeFileSync(join(folder, `${name}.html`), renderPage([first ?? pageModel('default', []), ...others], assets));
  }
  mkdirSync(shots, { recursive: true });
  const browser = await start();
  return {
    shots,
    async open(name, look = LOOKS.light, fragment = '') {
      const context = await browser.newContext(look);
      const page = await context.newPage();
      const [requests, complaints]: [string[], string[]] = [[], []];
      page.on('request', (request) => requests.push(request.url()));
      page.on('console', (message) => complaints.push(message.text()));
      page.on('pageerror', (error) => complaints.push(String(error)));
      await context.route(/^(?!file:|blob:|data:)/, (route) => route.abort());
      const url = pathToFileURL(join(folder, `${name}.html`)).href;
      await page.goto(url + fragment);
      return { page, url, requests, complaints, close: () => context.close() };
    },
    async close() {
      await browser.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function start(): Promise<Browser> {
  // As root Chromium has no sandbox; what it opens here is our own file.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath: chromiumPath() ?? '', args });
}
