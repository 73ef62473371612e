import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../lab/serving/random.ts';
import { root } from '../../checks/root.ts';
import { ALL_DAYS, DAYS, judgeRun, SPEEDUPS, study } from './study.ts';
import { rowLine } from './table.ts';

/** A part of `npm run test:soundness`, with fixed seeds: the same runs each time. */
const RUNS = 150;
const SEED = 20_261_127;

describe('the decision on a system whose speedup is known', () => {
  it.each(Object.keys(DAYS))(
    'on a day that is %s, passes what is fast and not what is slow',
    { timeout: 60_000 },
    (day) => {
      const slow = study(day, 2.3, RUNS, SEED);
      expect(slow.pass).toBe(0);
      // Replicas that differ make the interval wider, and what is not decided is no pass.
      expect(slow.fail).toBeGreaterThan(0.75);
      const edge = study(day, 2.5, RUNS, SEED);
      // 5.5 % of all runs, and the error of 150 of them.
      expect(edge.pass).toBeLessThan(0.11);
      expect(edge.fail).toBeLessThan(0.12);
      const fast = study(day, 2.8, RUNS, SEED);
      expect(fast.pass).toBeGreaterThan(0.96);
      expect(fast.fail).toBe(0);
    },
  );

  it('is not fooled by a slow way to the single replicas, where a third block measures it', { timeout: 60_000 }, () => {
    expect(study('a slow way', 2.3, RUNS, SEED).pass).toBe(0);
    expect(study('a slow way', 2.8, RUNS, SEED).pass).toBeGreaterThan(0.96);
  });

  it('is the same for requests of eight seconds, for which a pair must be longer', { timeout: 60_000 }, () => {
    const verdicts = (speedup: number) =>
      Array.from({ length: 40 }, (_, run) => {
        const system = { ...DAYS.usual!, serviceSeconds: 3.2, speedup };
        return judgeRun(system, createRandom(SEED + 7_919 * run)).verdict;
      });
    expect(verdicts(2.8).filter((verdict) => verdict === 'pass').length).toBeGreaterThanOrEqual(38);
    expect(verdicts(2.3).filter((verdict) => verdict === 'fail').length).toBeGreaterThanOrEqual(30);
    expect(verdicts(2.3)).not.toContain('pass');
  });

  it('has in docs/method.md the table that the command prints', { timeout: 60_000 }, async () => {
    const page = await readFile(join(root, 'docs/method.md'), 'utf8');
    expect(page).toContain(rowLine('calm', 3, study('calm', 3, 2_000, 1)));
    const days = Object.keys(ALL_DAYS);
    const rows = page.match(/^\| .* \| [\d.]+× \| .*% \|$/gm)?.map((row) => row.split(' | ')[0]?.slice(2));
    expect(rows).toEqual(days.flatMap((day) => SPEEDUPS.map(() => day)));
  });

  it('is not the runbook’s: its summary line says 2.5 or more of whatever it is shown, its ratio nearly never', () => {
    const { runbook } = study('usual', 2.3, RUNS, SEED);
    expect(runbook.summary).toBe(1);
    expect(study('usual', 2.8, RUNS, SEED).runbook.parallel).toBeLessThan(0.2);
  });
});
