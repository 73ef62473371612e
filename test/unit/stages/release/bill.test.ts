import { describe, expect, it } from 'vitest';
import { budgetMs, budgetNote } from '../../../../src/stages/preflight/budget.ts';
import { unpricedLimit } from '../../../../src/stages/preflight/slo-price.ts';
import { bill, priceText } from '../../../../src/stages/release/bill.ts';
import { finalBill } from '../../../../src/stages/release/final-bill.ts';
import { type Released, releaseFailed } from '../../../../src/stages/release/released.ts';
import type { Pricing } from '../../../../src/tpu/prices.ts';
import { aReport } from '../../report/fixtures.ts';
import { LEASE, POOL, prepared, someInputs } from '../fakes.ts';

const NOW = '2026-11-22T15:00:00Z';
const V6E: Pricing = { machineType: 'ct6e-standard-4t', spot: false, reserved: false, pricePerChipHourUsd: null };
/** Three nodes of four chips for one hour. */
const NODES = [0, 1, 2].map(() => ({ createdAt: '2026-11-22T14:00:00Z', deletedAt: NOW, chips: 4 }));

describe('a bill', () => {
  it.each<[string, Partial<Pricing>, number | null]>([
    ['of v6e on demand at its list price', {}, 12 * 2.97],
    ['of v6e as spot at its list price', { spot: true }, 12 * 1.037],
    ['of a reservation without a price', { reserved: true }, null],
    ['of another machine without a price', { machineType: 'ct5lp-hightpu-4t' }, null],
    ['of a machine that is not known without a price', { machineType: null }, null],
    ['of a reservation at the price given', { reserved: true, pricePerChipHourUsd: 2 }, 24],
    ['of another machine at the price given', { machineType: 'ct5lp-hightpu-4t', pricePerChipHourUsd: 2 }, 24],
  ])('%s', (_, change, usd) => {
    const cost = bill(aReport(), NODES, { ...V6E, ...change }, NOW);
    expect(cost.chipMinutes).toBe(720);
    if (usd === null) expect(cost).toMatchObject({ usd: null, pricePerChipHourUsd: null, priceSource: null });
    else expect(cost.usd).toBeCloseTo(usd);
  });
});

describe('the price before the lease', () => {
  it.each<[string, Partial<typeof POOL>, string]>([
    ['on demand', { spot: false }, '3 nodes × 4 chips = 12 chips: $35.64 an hour at $2.97 per chip-hour (list price'],
    ['as spot', {}, '$12.44 an hour at $1.037 per chip-hour'],
    ['of a reservation', { reserved: true }, 'no price known for europe-west4-a with a reservation; give "price-per'],
  ])('%s', (_, change, text) => {
    const said = priceText({ inputs: someInputs() }, prepared({ pool: { ...POOL, ...change } }));
    expect(said).toContain(text);
  });

  it('has no amount for machines whose chips are not known, even at a price', () => {
    const pool = { ...POOL, machineType: 'tpu9z-standard-4t' };
    expect(priceText({ inputs: someInputs({ 'price-per-chip-hour': '2' }) }, prepared({ pool }))).toBe(
      '3 nodes of tpu9z-standard-4t: no amount, as the gate does not know their chips',
    );
  });

  it('cannot be held below a limit for such machines', () => {
    const pool = { ...POOL, machineType: 'tpu9z-standard-4t' };
    const inputs = someInputs({ 'max-cost': '90', 'price-per-chip-hour': '2' });
    expect(() => budgetMs({ inputs }, prepared({ pool }))).toThrow(
      'does not know how many chips a tpu9z-standard-4t has',
    );
  });
});

describe('the limit of a run that gives none', () => {
  const limit = (pool: Partial<typeof POOL>, change: Record<string, string> = {}, nodes = 3) => {
    const context = { inputs: someInputs(change) };
    const planned = prepared({ nodes, pool: { ...POOL, spot: false, ...pool } });
    return [budgetMs(context, planned), budgetNote(context, planned)] as const;
  };

  it('is sixty dollars, the release included', () => {
    const [ms, note] = limit({});
    // 60 ÷ 35.64 h, less five minutes.
    expect([Math.round((ms ?? 0) / 60_000), note]).toEqual([96, null]);
  });

  it('is told where it ends a usual run', () => {
    const [, note] = limit({}, {}, 8);
    expect(note).toEqual({ outcome: 'warning', text: expect.stringContaining('ends the run after 33 min') });
  });

  it('is not checked where no price is known, and refuses nothing', () => {
    for (const pool of [{ reserved: true }, { machineType: 'tpu9z-standard-4t' }]) {
      const [ms, note] = limit(pool);
      expect([ms, note?.outcome]).toEqual([null, 'not-checked']);
    }
  });

  it('is none of a stack that stays, and none where none is asked for', () => {
    expect(limit({}, { mode: 'deploy' })).toEqual([null, null]);
    expect(limit({}, { 'max-cost': 'none' })).toEqual([null, null]);
  });
});

describe('the limit of a stack that stays', () => {
  const budget = (change: Record<string, string>) =>
    budgetMs({ inputs: someInputs({ mode: 'deploy', ...change }) }, prepared({ pool: { ...POOL, spot: false } }));

  it('counts what it costs until its end', () => {
    expect(budget({ 'max-cost': '100' })).toBeGreaterThan(0);
    expect(() => budget({ 'max-cost': '90' })).toThrow(
      'Input "max-cost" is 90, and a stack that stays for 2 h costs about $95, at $35.64 an hour.',
    );
    expect(() => budget({ 'max-cost': '90', 'expires-in': 'never' })).toThrow('stays without an end has no limit');
    expect(budget({ 'expires-in': 'never' })).toBeNull();
  });
});

describe('the bill after a release', () => {
  const options = { ...LEASE, pricePerChipHourUsd: null, now: NOW };
  const released = (change: Partial<Released['release']>, billed: Released['billed']): Released => ({
    release: { ...releaseFailed(LEASE, new Error('no answer')).release, ...change },
    billed,
  });

  it('counts the nodes by their own times', () => {
    const cost = finalBill(aReport(), released({ outcome: 'released', nodesLeft: 0 }, NODES), options);
    expect(cost).toMatchObject({ chipMinutes: 720, usd: expect.closeTo(12 * 1.037) });
  });

  it('is no zero while nodes are left that nobody billed', () => {
    const left = released({ outcome: 'failed', nodesLeft: 3 }, []);
    expect(finalBill(aReport({ cost: null }), left, options)).toBeNull();
  });

  it('keeps what main saw when no node was seen', () => {
    expect(finalBill(aReport(), releaseFailed(LEASE, new Error('no answer')), options)).toEqual(aReport().cost);
  });

  it('claims no cost when nobody ever counted the nodes', () => {
    expect(finalBill(aReport({ cost: null }), released({ nodesLeft: null }, []), options)).toBeNull();
  });

  it('costs nothing when they were counted and none had come', () => {
    const none = released({ outcome: 'released', nodesLeft: 0 }, []);
    expect(finalBill(aReport({ cost: null }), none, options)).toMatchObject({ chipMinutes: 0, usd: 0 });
  });
});

describe('a limit on the cost of tokens', () => {
  const lacks = (pool: Partial<typeof POOL>, change: Record<string, string>) =>
    unpricedLimit({ inputs: someInputs(change) }, prepared({ nodes: 3, pool: { ...POOL, spot: false, ...pool } }));
  const slo = 'ttft-p95<1s, cost-per-million-tokens<$2';

  it('lacks a price where none is known and none is given', () => {
    expect(lacks({ reserved: true }, { slo })).toEqual({
      text: expect.stringContaining('cannot be decided without a price'),
      remedy: expect.stringContaining('"price-per-chip-hour"'),
    });
    expect(lacks({ reserved: true }, { slo, 'price-per-chip-hour': '2' })).toBeNull();
    expect(lacks({}, { slo })).toBeNull();
    expect(lacks({ reserved: true }, { slo: 'ttft-p95<1s' })).toBeNull();
  });
});
