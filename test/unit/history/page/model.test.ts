import { describe, expect, it } from 'vitest';
import { descriptionOf } from '../../../../src/history/page/charts.ts';
import { pageModel, SHOWN } from '../../../../src/history/page/model.ts';
import { aNight } from '../records.ts';
import { shaOf, someNights } from './nights.ts';

describe('the page of a history', () => {
  const nights = someNights(60);
  const model = pageModel('default', nights);

  it('opens with the newest verdict, its interval and its target', () => {
    expect(model.heading).toMatch(/^Pass: 2\.\d\d× \(2\.\d\d–2\.\d\d\) on 1 Mar 2026, target 2\.5–2\.8×$/);
    expect(model.sentences[0]).toMatch(/^As before: 2\.6\d× over \d+ nights; 13 figures are watched\.$/);
  });

  it('says of a night without a measurement what ended it, and what was measured last', () => {
    const dead = pageModel('default', [...nights, aNight(60, null)]);
    expect(dead.heading).toBe('Error: nothing was measured on 2 Mar 2026, gke.stockout');
    expect(dead.sentences[0]).toMatch(/^Last measured on 1 Mar 2026: 2\.\d\d× .*, pass\.$/);
  });

  it('has the figures of the newest night at its head, and the median of a week beside each', () => {
    const values = [2.6, 2.61, 2.62, 2.63, 2.64, 2.65, 2.7].map((speedup, index) => aNight(index, speedup));
    const [speedup] = pageModel('default', values).tiles;
    expect(speedup).toEqual({ label: 'Speedup', value: '2.70×', note: 'median of the last 7: 2.63×' });
    const [older] = pageModel('default', [...values, aNight(7, null)]).tiles;
    expect(older).toMatchObject({ value: '2.70×', note: 'on 7 Jan 2026; median of the last 7: 2.63×' });
    expect(pageModel('default', [aNight(0, 2.6)]).tiles[0]).toMatchObject({ note: 'the only run that has it' });
    expect(model.tiles.map(({ label }) => label)).toEqual([
      'Speedup',
      'Throughput, all replicas',
      'Latency p95',
      'Cache hit rate',
      'Lease to ready',
      'Cost of the last 30 runs',
    ]);
  });

  it('sums up the money of thirty nights', () => {
    // One of them died.
    expect(model.tiles.at(-1)).toMatchObject({ value: '$185', note: 'at list price' });
  });

  it('says how many nights have no bill, and never counts them as free', () => {
    const unpriced = pageModel('default', [aNight(0, 2.6), { ...aNight(1, 2.6), cost: { usd: 6, chipMinutes: 9 } }]);
    expect(unpriced.tiles.at(-1)).toMatchObject({ value: '$6.00', note: 'at list price; 1 without a bill' });
    expect(pageModel('default', [aNight(0, 2.6)]).tiles.at(-1)).toMatchObject({ value: '–' });
  });

  it('has a gap where nothing was measured, and says each chart in a sentence', () => {
    const [speedup] = model.charts;
    expect(speedup?.lines[0]?.values.filter((value) => value === null)).toHaveLength(3);
    expect(descriptionOf(speedup!, nights)).toMatch(
      /^speedup: 2\.\d\d× at last, 2\.\d\d× to 2\.\d\d× over 57 runs; target 2\.5–2\.8× since 31 Jan 2026, 2\.4–2\.7× before\.$/,
    );
    expect(descriptionOf(pageModel('default', nights.slice(30)).charts[0]!, nights.slice(30))).toMatch(
      /; target 2\.5–2\.8×\.$/,
    );
  });

  it('holds each night against its own target', () => {
    const { targets } = model.charts[0]!;
    expect(targets?.slice(0, 30)).toEqual(Array(30).fill([2.4, 2.7]));
    expect(targets?.slice(30)).toEqual(Array(30).fill([2.5, 2.8]));
    const { target: _, ...old } = nights[59]!;
    expect(pageModel('default', [old, nights[59]!]).charts[0]!.targets).toEqual([null, [2.5, 2.8]]);
    expect(pageModel('default', [old]).charts[0]!.targets).toBeNull();
  });

  it('has a chart and a column for every figure', () => {
    expect(model.charts.map(({ id }) => id)).toEqual([
      'speedup',
      'throughput',
      'tokens',
      'goodput',
      'latency',
      'ttft',
      'tpot',
      'hit-rate',
      'quality',
      'success',
      'ready',
      'cost',
      'token-cost',
    ]);
    const night = Object.fromEntries(model.columns.map((column, at) => [column, model.nights[0]!.figures[at]]));
    expect(night).toMatchObject({
      'Goodput, req/s': '18.2',
      'p95, ms': '612',
      'TPOT, ms': '20.5',
      Success: '100.0%',
      Cost: '$6.31',
    });
    expect(night['Queue, min']).toMatch(/^\d+\.\d$/);
    expect(night['Tokens/s']).toMatch(/^3\d\d$/);
  });

  it('draws no chart that no night has a figure for', () => {
    expect(pageModel('default', [aNight(0, 2.6)]).charts.map(({ id }) => id)).toEqual(['speedup']);
    expect(pageModel('default', [aNight(0, null)]).charts).toEqual([]);
  });

  it('counts failures by cause, the most frequent first', () => {
    const failed = [aNight(0, null, { cause: 'image.not-found', blame: 'change' }), aNight(1, null), aNight(2, null)];
    expect(pageModel('default', failed).causes).toEqual([
      { cause: 'gke.stockout', blame: 'cloud', count: 2, last: '3 Jan 2026' },
      { cause: 'image.not-found', blame: 'change', count: 1, last: '1 Jan 2026' },
    ]);
  });

  it('links runs, commits and pull requests, and nothing that is no address of the web', () => {
    expect(model.nights[0]).toMatchObject({
      runUrl: 'https://github.com/acme/serving/actions/runs/1059',
      commitUrl: `https://github.com/acme/serving/commit/${shaOf(59)}`,
      subject: 'Tune the scorers of the picker, step 59 (#60)',
      pullRequest: { text: '#60', url: 'https://github.com/acme/serving/pull/60' },
    });
    const night = aNight(0, 2.6);
    const evil = { ...night, run: { ...night.run, url: 'javascript:alert(1)//actions/runs/1', pullRequest: 7 } };
    expect(pageModel('default', [evil]).nights[0]).toMatchObject({
      ...{ runUrl: null, commitUrl: null, pullRequest: { text: '#7', url: null } },
    });
  });

  it('reads records from before they had a target', () => {
    const { target: _, ...old } = someNights(1)[0]!;
    expect(pageModel('default', [old]).heading).toMatch(/on 1 Jan 2026$/);
  });

  it('shows the newest of very many, and says so', () => {
    const many = pageModel('default', someNights(SHOWN + 5), { unreadable: 2 });
    expect(many.nights).toHaveLength(2_000);
    expect(many.leftOut).toEqual({ older: 5, unreadable: 2 });
  });

  it('says that there is nothing yet', () => {
    expect(pageModel('default', [])).toMatchObject({ heading: 'No run of series default is known yet', tiles: [] });
  });
});
