import { describe, expect, it } from 'vitest';
import { MINUTES } from './e2e.ts';
import { rehearse } from './rehearse.ts';

describe('a rehearsal', () => {
  it.each([
    { scenario: 'stockout', code: 2, says: ['The zone has no TPU capacity', 'not at fault'] },
    { scenario: 'image-pull', code: 2, says: ['The container image does not exist', 'Correct the image name or tag'] },
  ])(
    '$scenario ends as promised, with a comment that says why and no node left',
    async ({ scenario, code, says }) => {
      const run = await rehearse(scenario);
      expect(run.log).toContain('lab: as the scenario promises');
      expect(run.log).toContain('has 0 nodes and is asked to hold 0');
      expect(run.code).toBe(code);
      for (const text of says) expect(run.comment).toMatch(text);
    },
    3 * MINUTES,
  );
});
