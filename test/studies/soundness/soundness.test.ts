import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../../checks/root.ts';
import { DAYS, study } from './study.ts';
import { rowLine } from './table.ts';

/** A part of `npm run test:soundness`, with fixed seeds: the same runs each time. */
const RUNS = 250;
const SEED = 20_261_127;

describe('the decision on a system whose speed-up is known', () => {
  it.each(Object.keys(DAYS))(
    'on a day that is %s, passes what is fast and not what is slow',
    { timeout: 60_000 },
    (day) => {
      const slow = study(day, 2.3, RUNS, SEED);
      expect(slow.pass).toBe(0);
      expect(slow.fail).toBeGreaterThan(0.8);
      const edge = study(day, 2.5, RUNS, SEED);
      // 6 % of all runs, and the error of 250 of them.
      expect(edge.pass).toBeLessThan(0.09);
      expect(edge.fail).toBeLessThan(0.1);
      const fast = study(day, 2.8, RUNS, SEED);
      expect(fast.pass).toBeGreaterThan(0.96);
      expect(fast.fail).toBe(0);
    },
  );

  it('has in docs/method.md the table that the command prints', { timeout: 60_000 }, async () => {
    const page = await readFile(join(root, 'docs/method.md'), 'utf8');
    expect(page).toContain(rowLine('calm', 3, study('calm', 3, 2_000, 1)));
    expect(page.match(/^\| (?:calm|usual|rough|heavy tails) \| .*% \|$/gm)).toHaveLength(20);
  });

  it('is not the runbook’s: its summary line says 2.5 or more of whatever it is shown, its ratio nearly never', () => {
    const { runbook } = study('usual', 2.3, RUNS, SEED);
    expect(runbook.summary).toBe(1);
    expect(study('usual', 2.8, RUNS, SEED).runbook.parallel).toBeLessThan(0.2);
  });
});
