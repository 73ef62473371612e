import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HistoryRecord } from '../../src/history/record.ts';
import { someNights } from '../unit/history/page/nights.ts';
import { LOOKS, type Pages, startPages } from './opened.ts';

/** What each chart shows: the first and the last run on its axis of time. */
const SPANS = `[...document.querySelectorAll('[data-chart]')].map((place) => / Shown: .*$/.exec(place.ariaLabel)[0])`;

const ATTACK = '</script><img src=https://evil.example/x onerror=alert(1)><a href=javascript:alert(1)>x</a>"\'';

/** A night whose every text is hostile. */
function hostile(index: number): HistoryRecord {
  const night = someNights(2)[index]!;
  const texts = <T extends object>(value: T): T =>
    Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [name, typeof inner === 'string' ? ATTACK : inner]),
    ) as T;
  return {
    ...night,
    ...{ key: `${index}${ATTACK}`, series: ATTACK, cause: ATTACK },
    run: { ...texts(night.run), id: `${index}${ATTACK}` },
    env: { ...texts(night.env), fp: String(index), flags: ATTACK, scorers: ATTACK },
    m: { ...night.m, apart: [ATTACK] },
    stages: [[ATTACK, 1, ATTACK]],
  };
}

describe('what the page shows', () => {
  let pages: Pages;
  beforeAll(async () => {
    pages = await startPages({
      many: [['default', someNights(400)]],
      two: [
        ['default', someNights(40)],
        ['v6e nightly', someNights(60, 'v6e nightly')],
      ],
      hostile: [[ATTACK, [hostile(0), hostile(1)]]],
    });
  });
  afterAll(() => pages?.close());

  it('is one range for all charts, by the control and by a drag', async () => {
    const { page, close } = await pages.open('many');
    const spans = async () => new Set(await page.evaluate<string[]>(SPANS));
    const narrow = await spans();
    expect(narrow.size).toBe(1);
    await page.selectOption('#range', 'all');
    const wide = await spans();
    expect(wide.size).toBe(1);
    expect(wide).not.toEqual(narrow);
    await drag(page, 'latency', 0.25, 0.5);
    const dragged = await spans();
    expect(dragged.size).toBe(1);
    expect(dragged).not.toEqual(wide);
    expect(await page.locator('#range').inputValue()).toBe('zoom');
    expect(await page.locator('#selected').isVisible()).toBe(false);
    const [, runs] = /, (\d+) runs$/.exec((await page.locator('#span').textContent()) ?? '') ?? [];
    expect(Number(runs)).toBeGreaterThan(80);
    expect(Number(runs)).toBeLessThan(120);
    expect(await page.locator('.shown').textContent()).toBe(`${runs} of 400 runs`);
    await page.locator('[data-chart="cost"] .u-over').dblclick();
    expect(await spans()).toEqual(wide);
    await close();
  });

  it('is in the address, which a reload and "back" restore', async () => {
    const { page, close } = await pages.open('many');
    await page.selectOption('#metric', 'cost');
    await page.selectOption('#range', '30');
    await page.locator('table.runs a[href^="#run="]').first().click();
    const state = () =>
      page.evaluate<string[]>(
        "['#metric', '#range'].map((id) => document.querySelector(id).value).concat(document.querySelector('#selected h2')?.textContent ?? 'no run')",
      );
    const full = ['cost', '30', 'Selected run of 2027-02-04 02:10'];
    expect(await state()).toEqual(full);
    expect(new URL(page.url()).hash).toBe('#range=30&metric=cost&run=399%2F1%2Fdefault');
    await page.reload();
    expect(await state()).toEqual(full);
    expect(await page.locator('figure:visible').count()).toBe(1);
    await page.goBack();
    expect(await state()).toEqual(['cost', '30', 'no run']);
    await page.goBack();
    expect(await state()).toEqual(['cost', '90', 'no run']);
    await page.goBack();
    expect(await state()).toEqual(['all', '90', 'no run']);
    await page.goForward();
    expect(await state()).toEqual(['cost', '90', 'no run']);
    await close();
  });

  it('selects a run by a link to its workflow run, wherever the range ends', async () => {
    const { page, close } = await pages.open('many', LOOKS.light, '#run=12');
    expect(await page.locator('#selected h2').textContent()).toBe('Selected run of 2026-01-13 02:10');
    expect(await page.locator('tr[aria-current]:visible').count()).toBe(1);
    expect(await page.locator('#selected a[href="https://github.com/acme/serving/pull/13"]').textContent()).toBe('#13');
    await page.getByRole('button', { name: 'Compare with the run before' }).click();
    expect(await page.locator('#from').inputValue()).toBe('11/1/default');
    expect(await page.locator('#to').inputValue()).toBe('12/1/default');
    await page.getByRole('button', { name: 'Clear the selection' }).click();
    expect(await page.locator('#selected').isVisible()).toBe(false);
    await close();
  });

  it('is the default for a fragment that means nothing', async () => {
    const { page, complaints, close } = await pages.open(
      'many',
      LOOKS.light,
      '#range=%3Cimg%3E&metric=__proto__&run=%22%5D&series=nobody&verdict=x&from=1&to=2',
    );
    expect(await page.locator('[data-chart] canvas').count()).toBe(13);
    expect(await page.locator('#selected').isVisible()).toBe(false);
    expect(complaints).toEqual([]);
    await close();
  });

  it('selects the run of a point that is clicked, and none at the end of a drag', async () => {
    const { page, close } = await pages.open('many');
    await drag(page, 'speedup', 0.4, 0.8);
    expect(await page.locator('#selected').isVisible()).toBe(false);
    await page.locator('[data-chart="speedup"] .u-over').click();
    expect(await page.locator('#selected').isVisible()).toBe(true);
    expect(page.context().pages()).toHaveLength(1);
    await close();
  });

  it.each(['light', 'dark'] as const)('has the points of each verdict in its colour, %s', async (look) => {
    const { page, close } = await pages.open('many', LOOKS[look], '#range=30');
    for (const verdict of ['pass', 'fail', 'inconclusive', 'error']) {
      expect([verdict, await pixelsLike(page, `.point.${verdict}`)]).toEqual([verdict, expect.toSatisfy((n) => n > 8)]);
    }
    await page.locator('[data-chart="speedup"]').screenshot({ path: join(pages.shots, `points-${look}.png`) });
    await close();
  });

  it('has the target of each night, and not the newest over all', async () => {
    const { page, close } = await pages.open('many', LOOKS.light, '#range=all&metric=speedup');
    const steps = await targetTops(page);
    expect(steps.left).toBeGreaterThan(steps.right);
    await page.locator('[data-chart="speedup"]').screenshot({ path: join(pages.shots, 'targets.png') });
    await close();
  });

  it('has change points with a link to GitHub’s comparison of their commits', async () => {
    const { page, close } = await pages.open('many');
    const row = page.locator('table.changes tbody tr').first();
    expect(await row.textContent()).toMatch(/fell 1\d\.\d%.*vLLM image: vllm:v1 → vllm:v2/);
    const href = await row.locator('.commits a').getAttribute('href');
    expect(href).toMatch(/^https:\/\/github\.com\/acme\/serving\/compare\/[0-9a-f]{35}\.\.\.[0-9a-f]{35}$/);
    await row.locator('a[href^="#run="]').click();
    expect(await page.locator('#selected h2').textContent()).toBe('Selected run of 2026-07-20 02:10');
    await close();
  });

  it('is text, whatever a history holds', async () => {
    const fragment = `#${new URLSearchParams({ run: `1${ATTACK}`, from: `0${ATTACK}`, to: `1${ATTACK}` })}`;
    const { page, requests, complaints, close } = await pages.open('hostile', LOOKS.light, fragment);
    expect(await page.locator('#selected').isVisible()).toBe(true);
    expect(await page.locator('#difference tr').count()).toBeGreaterThan(40);
    expect(await page.locator('#difference').textContent()).toContain('<img src=https://evil.example/x');
    expect(await page.locator('img, iframe, [onerror], a[href*="evil"], a[href^="javascript"]').count()).toBe(0);
    expect(await page.locator('.commits a').count()).toBe(0);
    expect([requests.length, complaints]).toEqual([1, []]);
    await close();
  });

  it('is one series of several, and a comparison of any two of their runs', async () => {
    const { page, complaints, close } = await pages.open('two');
    expect(await page.locator('section.series:visible').count()).toBe(1);
    expect(await page.locator('h1:visible').textContent()).toBe(await page.title());
    await page.selectOption('#series', 'v6e nightly');
    expect(await page.locator('h1:visible').count()).toBe(1);
    expect(await page.locator('section.series:visible .shown').textContent()).toBe('60 of 60 runs');
    expect(await page.locator('section.series:visible [data-chart] canvas').count()).toBe(13);
    expect(new URL(page.url()).hash).toBe('#series=v6e+nightly');
    await page.selectOption('#from', '3/1/default');
    await page.selectOption('#to', '59/1/v6e nightly');
    expect(await page.locator('#difference tr').count()).toBeGreaterThan(40);
    await page.screenshot({ path: join(pages.shots, 'two.png'), fullPage: true });
    await page.reload();
    expect(await page.locator('section.series:visible .name').textContent()).toBe('Series v6e nightly');
    expect(await page.locator('#from').inputValue()).toBe('3/1/default');
    await page.goto(`${page.url().split('#')[0]}#run=59%2F1%2Fv6e+nightly`);
    expect(await page.locator('section.series:visible .name').textContent()).toBe('Series v6e nightly');
    expect(complaints).toEqual([]);
    await close();
  });
});

/** Drags over a chart, from one share of its width to another. */
async function drag(page: Page, chart: string, from: number, to: number): Promise<void> {
  const over = page.locator(`[data-chart="${chart}"] .u-over`);
  await over.scrollIntoViewIfNeeded();
  const box = await over.boundingBox();
  if (!box) throw new Error('the chart has no place on the page');
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * from, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * to, y, { steps: 5 });
  await page.mouse.up();
}

/** Pixels of the chart of the speedup in the colour of an element of the legend. */
function pixelsLike(page: Page, selector: string): Promise<number> {
  return page.evaluate<number>(`(() => {
    const [r, g, b] = getComputedStyle(document.querySelector(${JSON.stringify(selector)})).color.match(/\\d+/g).map(Number);
    const canvas = document.querySelector('[data-chart="speedup"] canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let at = 0; at < data.length; at += 4) {
      if (data[at] === r && data[at + 1] === g && data[at + 2] === b && data[at + 3] === 255) count += 1;
    }
    return count;
  })()`);
}

/** The row of the topmost pixel of the target's colour, near the left end of the chart and near its right end. */
function targetTops(page: Page): Promise<{ left: number; right: number }> {
  return page.evaluate<{ left: number; right: number }>(`(() => {
    const canvas = document.querySelector('[data-chart="speedup"] canvas');
    const over = document.querySelector('[data-chart="speedup"] .u-over');
    const scale = canvas.width / canvas.clientWidth;
    const [left, width] = [over.offsetLeft * scale, over.clientWidth * scale];
    const topAt = (x) => {
      const { data } = canvas.getContext('2d').getImageData(Math.round(x), 0, 1, canvas.height);
      // The band is green at a low opacity, over nothing.
      for (let y = 0; y < canvas.height; y += 1) {
        const [r, g, , a] = data.slice(4 * y, 4 * y + 4);
        if (a > 20 && a < 60 && g > r + 40) return y;
      }
      return -1;
    };
    return { left: topAt(left + 4), right: topAt(left + width - 4) };
  })()`);
}
