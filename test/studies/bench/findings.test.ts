import { expect, it } from 'vitest';
import { collectFindings } from './findings.ts';
import { inTurn, medianRatio } from './rounds.ts';

it('prints each figure beside its target, and lists what missed it', () => {
  const lines: string[] = [];
  const findings = collectFindings((line) => lines.push(line));
  findings.found('bad-input', 2.4);
  findings.found('bad-input', 2.51);
  findings.found('wrk', 0.5);
  findings.found('chunks', 123_456);
  findings.found('memory-of-streams', Number.NaN);
  findings.notRun('wrk', 'it is not there');
  expect(lines).toEqual([
    'bad input refused, ÷ an empty Node process: 2.40 (target ≤ 2.5)',
    'bad input refused, ÷ an empty Node process: 2.51 (target ≤ 2.5)',
    'requests per core, ÷ wrk: 0.50 (target ≥ 0.67)',
    'SSE chunks per core-second on the slow case: 123,456 (target ≥ 100,000)',
    'memory at 10,000 streams: NaN MB (target ≤ 230 MB)',
    'NOT RUN: wrk: it is not there',
  ]);
  expect(findings.missed).toEqual([lines[1], lines[2], lines[4]]);
});

it('takes measurements in turn, and compares those of one round', async () => {
  const order: string[] = [];
  let now = 0;
  const take = (name: string, of: number) => async () => {
    order.push(name);
    now += 1;
    return of * now;
  };
  const taken = await inTurn(3, { a: take('a', 1), b: take('b', 2) });
  expect(order.join('')).toBe('abbaab');
  expect(taken).toEqual({ a: [1, 4, 5], b: [4, 6, 12] });
  expect(medianRatio(taken.b, taken.a)).toBe(2.4);
});
