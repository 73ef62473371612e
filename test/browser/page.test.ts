import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pageModel } from '../../src/history/page/model.ts';
import type { HistoryRecord } from '../../src/history/record.ts';
import { someNights } from '../unit/history/page/nights.ts';
import { aNight } from '../unit/history/records.ts';
import { LOOKS, type Pages, startPages } from './opened.ts';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
/** Histories that a page is made of. */
const HISTORIES: Record<string, HistoryRecord[]> = {
  many: someNights(400),
  some: someNights(60),
  one: [aNight(0, 2.6)],
  dead: [...someNights(12), aNight(12, null)],
  none: [],
};

describe('the page in a browser', () => {
  let pages: Pages;
  beforeAll(async () => {
    const single = Object.entries(HISTORIES).map(([name, nights]) => [name, [['default', nights]] as const] as const);
    pages = await startPages(Object.fromEntries(single));
  });
  afterAll(() => pages?.close());

  const cases = Object.keys(HISTORIES).flatMap((name) =>
    Object.keys(LOOKS)
      // A row like the others takes the auditor as long as the first.
      .filter((look) => name !== 'many' || look === 'light')
      .map((look) => [name, look as keyof typeof LOOKS] as const),
  );

  it.each(cases)('of %s nights, %s, is accessible, quiet, alone, and no wider than its window', async (name, look) => {
    const { page, requests, complaints, url, close } = await pages.open(name, LOOKS[look]);
    expect(await page.title()).toBe(await page.locator('h1').textContent());
    expect(await page.locator('table.runs tbody tr').count()).toBe(HISTORIES[name]!.length);
    expect(await page.locator('[data-chart] canvas').count()).toBe(
      pageModel('default', HISTORIES[name]!).charts.length,
    );
    expect(await widerThanWindow(page)).toBeLessThanOrEqual(0);
    expect(await violations(page)).toEqual([]);
    await page.screenshot({ path: join(pages.shots, `${name}-${look}.png`), fullPage: true });
    expect(requests).toEqual([url]);
    expect(complaints).toEqual([]);
    await close();
  });

  it.each(Object.keys(LOOKS) as (keyof typeof LOOKS)[])(
    'with a selected run and one metric, %s, is accessible and no wider than its window',
    async (look) => {
      const fragment = '#range=all&metric=latency&run=51%2F1%2Fdefault&from=20%2F1%2Fdefault&to=59%2F1%2Fdefault';
      const { page, requests, complaints, url, close } = await pages.open('some', LOOKS[look], fragment);
      expect(await page.locator('#selected').isVisible()).toBe(true);
      expect(await widerThanWindow(page)).toBeLessThanOrEqual(0);
      expect(await violations(page)).toEqual([]);
      await page.screenshot({ path: join(pages.shots, `selected-${look}.png`), fullPage: true });
      expect(requests.map((request) => request.split('#')[0])).toEqual([url]);
      expect(complaints).toEqual([]);
      await close();
    },
  );

  it('filters its table and says how many are left', async () => {
    const { page, close } = await pages.open('many');
    expect(await page.locator('.shown').textContent()).toBe('90 of 400 runs');
    await page.selectOption('#range', 'all');
    await page.selectOption('select.verdict', 'error');
    expect(await page.locator('.shown').textContent()).toBe('20 of 400 runs');
    expect(await page.locator('table.runs tbody tr:visible').count()).toBe(20);
    await close();
  });

  it('can be worked by keys alone, with its focus seen', async () => {
    const { page, close } = await pages.open('many');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement?.textContent')).toBe('Skip to the table of runs');
    expect(await page.locator('.skip').boundingBox()).toMatchObject({ x: expect.toSatisfy((x: number) => x >= 0) });
    const reached = new Set<string>();
    for (let n = 0; n < 14; n += 1) {
      await page.keyboard.press('Tab');
      reached.add(await page.evaluate<string>("document.activeElement?.id || document.activeElement?.className || ''"));
    }
    for (const name of ['range', 'metric', 'verdict', 'json', 'csv', 'scroll tall']) expect(reached).toContain(name);
    await close();
  });

  it('compares any two runs in full, or by what differs', async () => {
    const { page, close } = await pages.open('many');
    await page.selectOption('#from', '150/1/default');
    await page.selectOption('#to', '399/1/default');
    const rows = await page.locator('#difference tr').evaluateAll((all) => {
      return all.map((row) => [...row.children].map((cell) => cell.textContent));
    });
    expect(rows).toContainEqual(['vLLM image', 'vllm:v1', 'vllm:v2', 'differs']);
    expect(rows).toContainEqual(['latency p95', '612 ms', '612 ms', 'same']);
    expect(rows.find(([name]) => name === 'throughput, one replica')?.[3]).toMatch(/^−\d\.\d\d req\/s \(−1\d\.\d%\)$/);
    await page.check('#differing');
    const shown = await page.locator('#difference tr:visible').allTextContents();
    expect(shown.join()).not.toContain('machine type');
    expect(await page.locator('#differences').textContent()).toBe(`${shown.length} of ${rows.length} differ`);
    await close();
  });

  it('gives its records away as JSON and CSV', async () => {
    const { page, close } = await pages.open('many');
    const read = async (button: string) => {
      const [download] = await Promise.all([page.waitForEvent('download'), page.click(button)]);
      return { name: download.suggestedFilename(), text: await readFile(await download.path(), 'utf8') };
    };
    const json = await read('.json');
    expect(json.name).toBe('default.json');
    expect(JSON.parse(json.text)).toEqual(HISTORIES.many);
    const csv = await read('.csv');
    expect(csv.text.split('\r\n')).toHaveLength(401);
    expect(csv.text.split('\r\n')[0]).toContain('"m.speedup.0"');
    await close();
  });

  it('has every figure without its script', async () => {
    const { page, close } = await pages.open('many', { ...LOOKS.light, javaScriptEnabled: false });
    expect(await page.locator('table.runs tbody tr:visible').count()).toBe(400);
    expect(await page.locator('noscript').textContent()).toContain('the table of runs has the same figures');
    expect(await page.locator('form:visible').count()).toBe(0);
    await close();
  });
});

/** Pixels by which the content is wider than the window. */
function widerThanWindow(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
}

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
