import { describe, expect, it } from 'vitest';
import { renderComment } from '../../../src/report/comment/comment.ts';
import { renderSummary } from '../../../src/report/comment/summary.ts';
import type { Report } from '../../../src/report/model.ts';
import { CASES } from './cases.ts';
import { aBenchmark, aReport, pods } from './fixtures.ts';
import { structureProblems } from './scan.ts';

const LINKS = { summary: 'https://github.com/o/r/actions/runs/1#summary' };
const render = (report: Report, budgetBytes?: number) =>
  renderComment(report, { id: 'x', reportLinks: LINKS, ...(budgetBytes === undefined ? {} : { budgetBytes }) });

/** A failed run with far more to say than a comment holds. */
function flood(): Report {
  const many = Array.from({ length: 800 }, (_, i) => ({
    ...pods(() => ({}))[0]!,
    name: `pod-${i}-${'x'.repeat(90)}`,
    readyContainers: 1,
  }));
  const one = aBenchmark(2.17, 0.03);
  const pairs = Array.from({ length: 400 }, (_, i) => ({ ...one.pairs[i % 12]!, index: i + 1 }));
  return {
    ...CASES['fail-routing']!(),
    pods: many,
    benchmark: { ...one, pairs },
    diagnosis: {
      ...CASES['fail-routing']!().diagnosis!,
      evidence: Array.from({ length: 1_000 }, (_, i) => `line ${i} ${'é'.repeat(500)}`),
    },
  };
}

describe('budget', () => {
  it.each(Object.keys(CASES))('an ordinary comment (%s) stays under 13 kB and drops nothing', (name) => {
    const text = render(CASES[name]!());
    expect(Buffer.byteLength(text)).toBeLessThan(13_000);
    expect(text).not.toContain('Left out');
  });

  it('holds a flood in the default budget', () => {
    const text = render(flood());
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(60_000);
    expect(structureProblems(text)).toEqual([]);
    expect(text).toContain('Evidence: ');
  });

  it('is whole at every size, and never over it down to the bare verdict', () => {
    const report = flood();
    const smallest = Buffer.byteLength(render(report, 0));
    for (const budget of [50_000, 25_000, 12_000, 9_000, 7_000, 5_000, 4_000, 3_000, 2_000, 1_000]) {
      const text = render(report, budget);
      expect(structureProblems(text)).toEqual([]);
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(Math.max(budget, smallest));
    }
    expect(smallest).toBeLessThan(2_600);
  });

  it('drops whole sections, the least telling first, and names them', () => {
    const report = aReport();
    const full = Buffer.byteLength(render(report));
    const text = render(report, full - 1);
    expect(text).toContain('<sub>Left out for length (1\u00a0section): environment. They are in the [job summary](');
    expect(text).not.toContain('<summary>Environment');
    expect(text).toContain('<summary>Pods');
    const bare = render(report, 0);
    expect(bare).toContain('2.68×');
    expect(bare).toContain('everything but the verdict');
    expect(bare).not.toContain('<details');
  });

  it('gives the summary everything that fits in it', () => {
    const text = renderSummary(flood(), { reportLinks: {} });
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(900_000);
    expect(structureProblems(text)).toEqual([]);
  });
});
