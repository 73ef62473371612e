import type { CDPSession } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { someNights } from '../unit/history/page/nights.ts';
import { LOOKS, type Pages, startPages } from './opened.ts';

/** How much more script 400 nights may take than 40. Most of it is the same for any number of nights. */
const MOST_LOADING = 6;
/** The same of a zoom, which draws every chart again: no more than in proportion. */
const MOST_ZOOMING = 10;
/** 2,000 nights against 400: in proportion, with room for a busy machine. */
const MOST_OF_FIVE = 8;
const TRIES = 2;
const ZOOMS = 6;
/** Nothing here is held against a time: a busy machine is slow. */
const LIMIT_MS = 600_000;
/** Sets the range as a reader does. */
const ZOOM = `((range) => {
  const control = document.getElementById('range');
  control.value = range;
  control.dispatchEvent(new Event('change'));
})`;

describe('the page with many nights', () => {
  let pages: Pages;
  beforeAll(async () => {
    const sizes = [40, 400, 2_000] as const;
    pages = await startPages(Object.fromEntries(sizes.map((size) => [String(size), [['default', someNights(size)]]])));
  });
  afterAll(() => pages?.close());

  it('is as smooth with 400 nights as with 40, and loads 2,000', { timeout: LIMIT_MS }, async () => {
    const [few, many, most] = [await cost('40'), await cost('400'), await cost('2000')];
    const ratios = {
      loading: many.loading / few.loading,
      zooming: many.zooming / few.zooming,
      loading2000: most.loading / many.loading,
      zooming2000: most.zooming / many.zooming,
    };
    console.log('script, as ratios:', JSON.stringify({ few, many, most, ratios }));
    expect(ratios.loading).toBeLessThan(MOST_LOADING);
    expect(ratios.zooming).toBeLessThan(MOST_ZOOMING);
    expect(ratios.loading2000).toBeLessThan(MOST_OF_FIVE);
    expect(ratios.zooming2000).toBeLessThan(MOST_OF_FIVE);
  });

  /** Seconds of script, the least of some tries: to load all nights, and for each of some zooms between two ranges. */
  async function cost(name: string): Promise<{ loading: number; zooming: number }> {
    const tries: { loading: number; zooming: number }[] = [];
    for (let n = 0; n < TRIES; n += 1) {
      const { page, complaints, close } = await pages.open(name, LOOKS.light, '#range=all');
      const session = await page.context().newCDPSession(page);
      await session.send('Performance.enable');
      const before = await scriptSeconds(session);
      await page.reload();
      expect(await page.locator('table.runs tbody tr').count()).toBe(Number(name));
      expect(await page.locator('[data-chart] canvas').count()).toBe(13);
      const loaded = await scriptSeconds(session);
      for (let zoom = 0; zoom < ZOOMS; zoom += 1) await page.evaluate(`${ZOOM}('${zoom % 2 === 0 ? '30' : 'all'}')`);
      tries.push({ loading: loaded - before, zooming: ((await scriptSeconds(session)) - loaded) / ZOOMS });
      expect(complaints).toEqual([]);
      await close();
    }
    return {
      loading: Math.min(...tries.map(({ loading }) => loading)),
      zooming: Math.min(...tries.map(({ zooming }) => zooming)),
    };
  }
});

async function scriptSeconds(session: CDPSession): Promise<number> {
  const { metrics } = await session.send('Performance.getMetrics');
  return metrics.find(({ name }) => name === 'ScriptDuration')?.value ?? Number.NaN;
}
