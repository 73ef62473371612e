import fc from 'fast-check';
import { afterEach, expect, it, vi } from 'vitest';
import { createInFlight, type Waiting } from '../../../src/load/in-flight.ts';

afterEach(() => void vi.useRealTimers());

const step = fc.record({ what: fc.constantFrom('add', 'remove', 'pass'), value: fc.nat(100) });

it('ends each request in flight once, by its deadline or by an abort, whatever left before', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      vi.useFakeTimers({ now: 0, toFake: ['setInterval', 'clearInterval', 'Date'] });
      const inFlight = createInFlight(Date);
      const controller = new AbortController();
      const ended: Waiting[] = [];
      const end = (waiting: Waiting) => {
        inFlight.remove(waiting);
        ended.push(waiting);
      };
      const request = (endsMs: number): Waiting => {
        const waiting: Waiting = {
          ...{ endsMs, signal: controller.signal, place: -1 },
          onDeadline: () => end(waiting),
          onAbort: () => end(waiting),
        };
        return waiting;
      };
      const all: Waiting[] = [];
      let left: Waiting[] = [];
      for (const { what, value } of steps) {
        if (what === 'add') {
          const waiting = request(Date.now() + value);
          inFlight.add(waiting);
          all.push(waiting);
          left.push(waiting);
        } else if (what === 'remove') for (const waiting of left.splice(value % 8, 1)) end(waiting);
        else {
          // One is looked at 20 ms after its deadline at the latest.
          vi.advanceTimersByTime(value);
          const [over, going] = [left.filter(({ endsMs }) => endsMs <= Date.now()), left];
          left = going.filter((waiting) => !ended.includes(waiting));
          expect(over).toEqual(expect.arrayContaining(going.filter((waiting) => ended.includes(waiting))));
          expect(left.filter(({ endsMs }) => endsMs <= Date.now() - 20)).toEqual([]);
        }
      }
      expect(all.filter((waiting) => !ended.includes(waiting))).toEqual(left);
      controller.abort();
      expect(new Set(ended)).toEqual(new Set(all));
      expect(ended).toHaveLength(all.length);
      inFlight.close();
      expect(vi.getTimerCount()).toBe(0);
    }),
  );
});
