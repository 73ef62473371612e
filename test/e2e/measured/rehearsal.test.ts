import { describe, expect, it } from 'vitest';
import { MINUTES } from '../e2e.ts';
import { rehearse } from '../rehearse.ts';

describe('a rehearsal', () => {
  it.each([
    {
      scenario: 'slow',
      code: 1,
      says: [/Fail — 2\.[012]\d×/, /lies wholly below 2\.5×/],
    },
    {
      scenario: 'random-routing',
      code: 1,
      says: ['not routed by prefix cache', 'The gateway bypasses the endpoint picker'],
    },
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
