import { describe, expect, it } from 'vitest';
import { costOf, usdPerMillion } from '../../../src/verdict/cost.ts';
import { RUNBOOK, runbookFigures, runbookFindings } from '../../../src/verdict/runbook.ts';

const RUN = {
  nodes: [
    { createdAt: '2026-11-22T14:00:00Z', deletedAt: '2026-11-22T14:30:00Z', chips: 4 },
    { createdAt: '2026-11-22T14:00:00Z', deletedAt: '2026-11-22T14:30:00Z', chips: 4 },
    { createdAt: '2026-11-22T14:05:00Z', deletedAt: null, chips: 4 },
  ],
  family: 'v6e' as const,
  location: 'europe-west4-a',
  spot: false,
  pricePerChipHour: null,
  now: '2026-11-22T14:35:00Z',
  measured: null,
};

describe('the cost of a run', () => {
  it('is node lifetimes × chips × list price of the region', () => {
    const cost = costOf(RUN);
    expect(cost).toMatchObject({ chipMinutes: 360, nodeSeconds: 5_400, pricePerChipHourUsd: 2.97 });
    expect(cost.usd).toBeCloseTo(17.82, 10);
    expect(cost.priceSource).toMatch(/list price.*on demand, europe-west4$/);
    expect(cost.usdPerMillionRequests).toBeNull();
  });

  it('takes the spot price or the given one', () => {
    expect(costOf({ ...RUN, spot: true }).pricePerChipHourUsd).toBe(1.037);
    expect(costOf({ ...RUN, pricePerChipHour: 1.22 })).toMatchObject({
      pricePerChipHourUsd: 1.22,
      priceSource: 'input',
    });
    expect(costOf({ ...RUN, location: 'us-central1' }).pricePerChipHourUsd).toBe(2.7);
  });

  it('has no amount without a price, but always the chip-minutes', () => {
    const nowhere = { chipMinutes: 360, usd: null, pricePerChipHourUsd: null, priceSource: null };
    expect(costOf({ ...RUN, location: 'mars-north1-a' })).toMatchObject(nowhere);
    expect(costOf({ ...RUN, family: 'v7x' })).toMatchObject(nowhere);
    expect(costOf({ ...RUN, family: null })).toMatchObject(nowhere);
    expect(costOf({ ...RUN, location: 'southamerica-west1', spot: true })).toMatchObject(nowhere);
  });

  it('is never less for a node that ended before it began', () => {
    // As the clocks of two machines can have it.
    const early = { createdAt: '2026-11-22T14:00:05Z', deletedAt: '2026-11-22T14:00:00Z', chips: 4 };
    const later = { createdAt: '2026-11-22T14:35:05Z', deletedAt: null, chips: 4 };
    expect(costOf({ ...RUN, nodes: [early, later] })).toMatchObject({ chipMinutes: 0, nodeSeconds: 0, usd: 0 });
    expect(costOf({ ...RUN, nodes: [...RUN.nodes, early, later] })).toEqual(costOf(RUN));
  });

  it('refuses a time that is none', () => {
    expect(() => costOf({ ...RUN, now: 'soon' })).toThrow('soon is not a time');
  });
});

describe('the cost of serving', () => {
  const rates = {
    one: { requestsPerSecond: 7.5, outputTokensPerSecond: 75 },
    all: { requestsPerSecond: 21, outputTokensPerSecond: 210 },
  };
  const serving = { replicas: 3, chipsPerReplica: 4, rates };
  const priced = { ...RUN, pricePerChipHour: 1.25, serving };

  it('is the chips by the hour and by 720 hours, and a million at the rate of each arm', () => {
    const { one, all, difference, replicas, hoursPerMonth } = costOf(priced).serving!;
    expect({ replicas, hoursPerMonth }).toEqual({ replicas: 3, hoursPerMonth: 720 });
    expect(one).toMatchObject({ chips: 4, usdPerHour: 5, usdPerMonth: 3_600 });
    expect(all).toMatchObject({ chips: 12, usdPerHour: 15, usdPerMonth: 10_800 });
    // By hand: 5 / (7.5 * 3600) * 1e6, and 15 / (21 * 3600) * 1e6.
    expect(one.usdPerMillionRequests).toBeCloseTo(185.185, 3);
    expect(all.usdPerMillionRequests).toBeCloseTo(198.413, 3);
    expect(all.usdPerMillionOutputTokens).toBeCloseTo(19.841, 3);
    expect(difference).toMatchObject({ chips: 8, usdPerHour: 10, usdPerMonth: 7_200 });
    expect(difference.usdPerMillionRequests).toBeCloseTo(13.228, 3);
  });

  it('has no million where nothing was measured or nothing was served, but the hour and the month', () => {
    const { one, difference } = costOf({ ...priced, serving: { ...serving, rates: null } }).serving!;
    expect(one).toEqual({
      ...{ chips: 4, usdPerHour: 5, usdPerMonth: 3_600 },
      ...{ usdPerMillionRequests: null, usdPerMillionOutputTokens: null },
    });
    expect(difference.usdPerMillionRequests).toBeNull();
    const idle = { ...rates, all: { requestsPerSecond: 0, outputTokensPerSecond: 0 } };
    expect(costOf({ ...priced, serving: { ...serving, rates: idle } }).serving!.all.usdPerMillionRequests).toBeNull();
  });

  it('is not invented without a price, nor without the chips of a replica', () => {
    expect(costOf({ ...RUN, location: 'mars-north1-a', serving }).serving).toBeNull();
    expect(costOf(RUN).serving).toBeNull();
  });
});

describe('the cost of a million', () => {
  it('is the hourly price over the rate it was computed at', () => {
    expect(usdPerMillion({ usdPerHour: 15.74, perSecond: 21 })).toBeCloseTo(208.2, 1);
    expect(usdPerMillion({ usdPerHour: 5.5, perSecond: 7.5 })).toBeCloseTo(203.7, 1);
    const measured = { requestsPerSecond: 20, outputTokensPerSecond: 1_000, chips: 12 };
    const cost = costOf({ ...RUN, measured });
    expect(cost.usdPerMillionRequests).toBeCloseTo((12 * 2.97 * 1e6) / (20 * 3_600), 8);
    expect(cost.usdPerMillionOutputTokens).toBeCloseTo((12 * 2.97 * 1e6) / (1_000 * 3_600), 8);
    expect(costOf({ ...RUN, measured: { ...measured, requestsPerSecond: 0 } }).usdPerMillionRequests).toBeNull();
  });
});

describe('runbook figures', () => {
  it('stand beside what the runbook recorded', () => {
    const figures = runbookFigures(
      { serial: { completed: 20, seconds: 8 }, parallel: { completed: 100, seconds: 4.2 } },
      3,
    );
    expect(figures.serial).toMatchObject({ requests: 20, requestsPerSecond: 2.5, recordedOneReplica: 1.89 });
    expect(figures.parallel).toMatchObject({ concurrency: 10, requestsPerSecond: expect.closeTo(23.81, 2) });
    expect(figures.note).toContain('cannot raise the serial rate');
    expect(RUNBOOK.parallel.recordedTarget).toBe('20–22 req/s');
  });
});

describe('what cannot be of the runbook’s figures', () => {
  const figures = (serialSeconds: number, parallelSeconds: number) =>
    runbookFigures(
      { serial: { completed: 20, seconds: serialSeconds }, parallel: { completed: 100, seconds: parallelSeconds } },
      3,
    );

  it('is one rate for both, as its own summary had', () => {
    // 20 in 8 s and 100 in 40 s: 2.5 req/s twice.
    expect(runbookFindings(figures(8, 40), 3)).toMatchObject([
      { id: 'serial-equals-parallel', message: expect.stringContaining('at 2.5 per second') },
    ]);
  });

  it.each([
    ['a healthy service', figures(10.4, 7.1), 3],
    ['one replica, which may serve one after another', figures(8, 40), 1],
    ['figures that were not measured', figures(0, 40), 3],
  ])('is nothing of %s', (_, given, replicas) => {
    expect(runbookFindings(given, replicas)).toEqual([]);
  });
});
