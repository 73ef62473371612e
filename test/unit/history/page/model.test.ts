import { describe, expect, it } from 'vitest';
import { pageModel, SHOWN } from '../../../../src/history/page/model.ts';
import { aNight } from '../records.ts';
import { someNights } from './nights.ts';

describe('the page of a history', () => {
  const nights = someNights(60);
  const model = pageModel('default', nights);

  it('opens with the newest verdict, its interval and its target', () => {
    expect(model.heading).toMatch(/^Pass: 2\.\d\d× \(2\.\d\d–2\.\d\d\) on 1 Mar 2026, target 2\.5–2\.8×$/);
    expect(model.sentences).toEqual([
      expect.stringMatching(/^As before: 2\.6\d× over \d+ nights; 8 figures are watched\.$/),
    ]);
  });

  it('says of a night without a measurement what ended it, and what was measured last', () => {
    const dead = pageModel('default', [...nights, aNight(60, null)]);
    expect(dead.heading).toBe('Error: nothing was measured on 2 Mar 2026, gke.stockout');
    expect(dead.sentences[0]).toMatch(/^Last measured on 1 Mar 2026: 2\.\d\d× .*, pass\.$/);
  });

  it('sums up the last nights, and the money of thirty', () => {
    expect(model.tiles.map(({ label, note }) => `${label}: ${note}`)).toEqual([
      'Speedup: median of the last 7',
      'Throughput, all replicas: median of the last 7',
      'Latency p95: median of the last 7',
      'Cache hit rate: median of the last 7',
      'Cost of the last 30 runs: at list price',
    ]);
    expect(model.tiles[2]).toMatchObject({ value: '612 ms' });
    // Thirty nights of which one died.
    expect(model.tiles[4]).toMatchObject({ value: '$185' });
  });

  it('says how many nights have no bill, and never counts them as free', () => {
    const unpriced = pageModel('default', [aNight(0, 2.6), { ...aNight(1, 2.6), cost: { usd: 6, chipMinutes: 9 } }]);
    expect(unpriced.tiles[4]).toMatchObject({ value: '$6.00', note: 'at list price; 1 without a bill' });
    expect(pageModel('default', [aNight(0, 2.6)]).tiles[4]).toMatchObject({ value: '–' });
  });

  it('has a gap where nothing was measured, and says each chart in a sentence', () => {
    const [speedup] = model.charts;
    expect(speedup?.lines[0]?.values.filter((value) => value === null)).toHaveLength(3);
    expect(speedup?.description).toMatch(
      /^speedup: 2\.\d\d× at last, 2\.\d\d× to 2\.\d\d× over 57 runs; target 2\.5–2\.8×\.$/,
    );
    expect(model.charts.map(({ id }) => id)).toEqual(['speedup', 'throughput', 'latency', 'ttft', 'hit-rate', 'cost']);
  });

  it('draws no chart that no night has a figure for', () => {
    expect(pageModel('default', [aNight(0, 2.6)]).charts.map(({ id }) => id)).toEqual(['speedup']);
    expect(pageModel('default', [aNight(0, null)]).charts).toEqual([]);
  });

  it('begins an epoch where what is measured has changed, and names it', () => {
    expect(model.epochs).toEqual([{ index: 30, changed: ['vLLM image: vllm:v1 → vllm:v2'] }]);
    const flags = someNights(4).map((night, index) => ({
      ...night,
      env: { ...night.env, vllm: 'v', fp: index > 1 ? 'b' : 'a' },
    }));
    expect(pageModel('default', flags).epochs).toEqual([{ index: 2, changed: ['the flags of vLLM'] }]);
  });

  it('takes a run that died early for no change', () => {
    const [before, after] = someNights(2).map((night) => ({ ...night, env: { ...night.env, fp: 'a', vllm: 'v' } }));
    expect(
      pageModel('default', [before!, { ...aNight(1, null), env: { ...before!.env, fp: 'x', vllm: null } }, after!])
        .epochs,
    ).toEqual([]);
  });

  it('counts failures by cause, the most frequent first', () => {
    const failed = [aNight(0, null, { cause: 'image.not-found', blame: 'change' }), aNight(1, null), aNight(2, null)];
    expect(pageModel('default', failed).causes).toEqual([
      { cause: 'gke.stockout', blame: 'cloud', count: 2, last: '3 Jan 2026' },
      { cause: 'image.not-found', blame: 'change', count: 1, last: '1 Jan 2026' },
    ]);
  });

  it('links runs and commits, and nothing that is no address of the web', () => {
    expect(model.nights[0]).toMatchObject({
      runUrl: 'https://github.example/acme/serving/actions/runs/1059',
      commitUrl: `https://github.example/acme/serving/commit/${'c0ffee1'.repeat(5)}`,
    });
    const night = aNight(0, 2.6);
    const evil = { ...night, run: { ...night.run, url: 'javascript:alert(1)//actions/runs/1' } };
    expect(pageModel('default', [evil]).nights[0]).toMatchObject({ runUrl: null, commitUrl: null });
  });

  it('reads records from before they had a target', () => {
    const { target: _, ...old } = someNights(1)[0]!;
    expect(pageModel('default', [old]).heading).toMatch(/on 1 Jan 2026$/);
  });

  it('shows the newest of very many, and says so', () => {
    const many = pageModel('default', someNights(SHOWN + 5), { unreadable: 2 });
    expect(many.nights).toHaveLength(SHOWN);
    expect(many.leftOut).toEqual({ older: 5, unreadable: 2 });
  });

  it('says that there is nothing yet', () => {
    expect(pageModel('default', [])).toMatchObject({ heading: 'No run of series default is known yet', tiles: [] });
  });
});
