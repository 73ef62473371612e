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
