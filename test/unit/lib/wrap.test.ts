import { expect, it } from 'vitest';
import { columnsFor, wrapped } from '../../../src/lib/wrap.ts';

it('wraps at words, with an indent, and leaves long words whole', () => {
  expect(wrapped('verdict  pass: 2.68 times the throughput', 20, 9)).toEqual([
    'verdict  pass: 2.68',
    '         times the',
    '         throughput',
  ]);
  expect(wrapped('  [00:12] short', 60, 10)).toEqual(['  [00:12] short']);
  expect(wrapped('a https://example.com/a/long/address b', 10)).toEqual([
    'a',
    'https://example.com/a/long/address',
    'b',
  ]);
  expect(wrapped('', 10)).toEqual(['']);
  expect(wrapped('20.0\u00a0req/s and more', 10)).toEqual(['20.0\u00a0req/s', 'and more']);
});

it('writes for the terminal, and within bounds for any other', () => {
  expect([undefined, 60, 20, 400].map(columnsFor)).toEqual([100, 60, 40, 100]);
});
