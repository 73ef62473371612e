import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pageAssets } from '../../scripts/build/page.ts';
import { pageModel } from '../../src/history/page/model.ts';
import { renderPage } from '../../src/history/page/view.ts';
import { someNights } from '../unit/history/page/nights.ts';
import { aNight } from '../unit/history/records.ts';
import { chromiumPath } from './chromium.ts';

const root = join(import.meta.dirname, '..', '..');
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const LOOKS: Record<string, BrowserContextOptions> = {
  light: { colorScheme: 'light', viewport: { width: 1_200, height: 900 } },
  dark: { colorScheme: 'dark', viewport: { width: 1_200, height: 900 } },
  phone: { colorScheme: 'light', viewport: { width: 390, height: 844 }, hasTouch: true },
};
/** Histories that a page is made of, and the title of each. */
const HISTORIES = {
  many: someNights(400),
  one: [aNight(0, 2.6)],
  dead: [...someNights(12), aNight(12, null)],
  none: [],
};

describe('the page in a browser', () => {
  const folder = mkdtempSync(join(tmpdir(), 'page-'));
  const shots = join(root, 'rehearsal', 'page');
  let browser: Browser;

  beforeAll(async () => {
    const assets = await pageAssets(root);
    for (const [name, nights] of Object.entries(HISTORIES)) {
      writeFileSync(join(folder, `${name}.html`), renderPage(pageModel('default', nights), assets));
    }
    mkdirSync(shots, { recursive: true });
    // As root Chromium has no sandbox; what it opens here is our own file.
    const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    browser = await chromium.launch({ executablePath: chromiumPath() ?? '', args });
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The page with all that it asked for and complained of. */
  async function opened(name: keyof typeof HISTORIES, look: BrowserContextOptions) {
    const context = await browser.newContext(look);
    const page = await context.newPage();
    const requests: string[] = [];
    const complaints: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    const url = pathToFileURL(join(folder, `${name}.html`)).href;
    await page.goto(url);
    return { page, requests, complaints, url, close: () => context.close() };
  }

  const cases = Object.keys(HISTORIES).flatMap((name) =>
    Object.keys(LOOKS).map((look) => [name as keyof typeof HISTORIES, look] as const),
  );

  it.each(cases)('of %s nights, %s, is accessible, quiet, alone, and no wider than its window', async (name, look) => {
    const { page, requests, complaints, url, close } = await opened(name, LOOKS[look]!);
    expect(await page.title()).toBe(await page.locator('h1').textContent());
    expect(await page.locator('#table tbody tr').count()).toBe(HISTORIES[name].length);
    expect(await page.locator('[data-chart] canvas').count()).toBe(pageModel('default', HISTORIES[name]).charts.length);
    expect(await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
    expect(await violations(page)).toEqual([]);
    await page.screenshot({ path: join(shots, `${name}-${look}.png`), fullPage: true });
    expect(requests).toEqual([url]);
    expect(complaints).toEqual([]);
    await close();
  });

  it('filters its table and says how many are left', async () => {
    const { page, close } = await opened('many', LOOKS.light!);
    expect(await page.locator('#shown').textContent()).toBe('30 of 400 runs');
    await page.selectOption('#range', '');
    await page.selectOption('#verdict', 'error');
    expect(await page.locator('#shown').textContent()).toBe('20 of 400 runs');
    expect(await page.locator('#table tbody tr:visible').count()).toBe(20);
    await close();
  });

  it('can be worked by keys alone, with its focus seen', async () => {
    const { page, close } = await opened('many', LOOKS.light!);
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement?.textContent')).toBe('Skip to the table of runs');
    expect(await page.locator('.skip').boundingBox()).toMatchObject({ x: expect.toSatisfy((x: number) => x >= 0) });
    const reached = new Set<string>();
    for (let n = 0; n < 12; n += 1) {
      await page.keyboard.press('Tab');
      reached.add(await page.evaluate<string>("document.activeElement?.id || document.activeElement?.className || ''"));
    }
    for (const id of ['range', 'verdict', 'json', 'csv', 'scroll']) expect(reached).toContain(id);
    await close();
  });

  it('compares two runs by what differs', async () => {
    const { page, close } = await opened('many', LOOKS.light!);
    await page.selectOption('#from', '150/1/default');
    await page.selectOption('#to', '399/1/default');
    const rows = await page.locator('#difference tr').allTextContents();
    expect(rows).toContain('vLLM imagevllm:v1vllm:v2');
    expect(rows.join()).not.toContain('machine type');
    await close();
  });

  it('gives its records away as JSON and CSV', async () => {
    const { page, close } = await opened('many', LOOKS.light!);
    const read = async (button: string) => {
      const [download] = await Promise.all([page.waitForEvent('download'), page.click(button)]);
      return { name: download.suggestedFilename(), text: await readFile(await download.path(), 'utf8') };
    };
    const json = await read('#json');
    expect(json.name).toBe('default.json');
    expect(JSON.parse(json.text)).toEqual(HISTORIES.many);
    const csv = await read('#csv');
    expect(csv.text.split('\r\n')).toHaveLength(401);
    expect(csv.text.split('\r\n')[0]).toContain('"m.speedup.0"');
    await close();
  });

  it('opens the run of a point that is clicked, and not at the end of a drag', async () => {
    const { page, close } = await opened('many', LOOKS.light!);
    const box = await page.locator('[data-chart="speedup"] .u-over').boundingBox();
    if (!box) throw new Error('the chart has no place on the page');
    const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    // Chromium blocks nothing here: the address is made up, and only its request is of interest.
    await page.context().route('**/*', (route) => route.abort());
    await page.mouse.move(middle.x, middle.y);
    const [popup] = await Promise.all([page.context().waitForEvent('page'), page.mouse.click(middle.x, middle.y)]);
    await popup.waitForEvent('requestfailed').catch(() => {});
    expect(page.context().pages()).toHaveLength(2);
    await popup.close();
    await page.mouse.move(middle.x, middle.y);
    await page.mouse.down();
    await page.mouse.move(middle.x + 60, middle.y, { steps: 4 });
    await page.mouse.up();
    await page.waitForTimeout(100);
    expect(page.context().pages()).toHaveLength(1);
    await close();
  });

  it('has every figure without its script', async () => {
    const { page, close } = await opened('many', { ...LOOKS.light, javaScriptEnabled: false });
    expect(await page.locator('#table tbody tr:visible').count()).toBe(400);
    expect(await page.locator('noscript').textContent()).toContain('the table below has the same figures');
    expect(await page.locator('form.filter:visible').count()).toBe(0);
    await close();
  });
});

/** What axe finds, by rule and place. */
async function violations(page: Page): Promise<string[]> {
  // The page's policy forbids further scripts, and rightly so: this one comes through the debugger.
  await page.evaluate(await readFile(AXE, 'utf8'));
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run: () => Promise<{ violations: AxeViolation[] }> } };
    interface AxeViolation {
      id: string;
      nodes: { html: string }[];
    }
    const { violations: found } = await axe.run();
    return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`);
  });
}
