import { expect, it } from 'vitest';
import { quantity, quantityText } from '../../../src/lib/quantity.ts';

it.each([
  ['4', '4'],
  [4, '4'],
  ['500m', '500m'],
  ['0.5', '500m'],
  ['.5', '500m'],
  ['1500m', '1500m'],
  ['2000m', '2'],
  ['16Gi', '16Gi'],
  ['1024Mi', '1Gi'],
  ['1.5Gi', '1536Mi'],
  ['1e3', '1000'],
  ['1E3', '1000'],
  ['1E', '1000000000000000000'],
  ['2k', '2000'],
  ['2048', '2048'],
  ['100u', '0.0001'],
  ['0', '0'],
  ['-1', '-1'],
])('%s is %s', (given, text) => {
  expect(quantityText(quantity(given)!)).toBe(text);
});

it('three tenths are three times a tenth', () => {
  expect(quantity('100m')! * 3n).toBe(quantity('300m'));
});

it.each(['', 'four', '4 GB', '1KiB', '1e', 'e3', '--1', null, undefined, {}, '1'.repeat(40)])('%j is none', (given) => {
  expect(quantity(given)).toBeNull();
});
