import { describe, expect, it } from 'vitest';
import { clock, durationText, humanDuration, parseDuration } from '../../../src/lib/duration.ts';

describe('parseDuration', () => {
  it.each([
    ['90s', 90_000],
    ['25m', 1_500_000],
    ['1h30m', 5_400_000],
    ['250ms', 250],
    ['1.5h', 5_400_000],
    ['1h2m3s4ms', 3_723_004],
    ['0s', 0],
    [' 5s ', 5_000],
  ])('reads %j as %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(['', '90', '-5s', '5 s', '1h 30m', 's', '1d', '5S', '1.s', '.5s', '1e3s', 'Infinitys', '5s;', '٣s'])(
    'refuses %j',
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );
});

describe('clock', () => {
  it.each([
    [-1, '0:00'],
    [999, '0:00'],
    [41_000, '0:41'],
    [754_000, '12:34'],
    [3_599_999, '59:59'],
    [3_600_000, '1:00:00'],
    [3_723_000, '1:02:03'],
    [360_000_000, '100:00:00'],
  ])('shows %d ms as %s', (ms, text) => {
    expect(clock(ms)).toBe(text);
  });
});

describe('humanDuration', () => {
  it.each([
    [0, '0 ms'],
    [850, '850 ms'],
    [999.7, '1 s'],
    [1_000, '1 s'],
    [41_400, '41 s'],
    [119_400, '119 s'],
    [119_600, '2 min'],
    [2_040_000, '34 min'],
    [3_570_000, '1 h'],
    [3_900_000, '1 h 5 min'],
    [7_200_000, '2 h'],
  ])('says %d ms as %s', (ms, text) => {
    expect(humanDuration(ms)).toBe(text);
  });
});

describe('a duration as an input takes it', () => {
  it.each([
    [0, '0s'],
    [50, '50ms'],
    [1_500, '1500ms'],
    [90_000, '90s'],
    [1_500_000, '25m'],
    [86_400_000, '24h'],
  ])('%d ms is %s, and is read as the same', (ms, text) => {
    expect(durationText(ms)).toBe(text);
    expect(parseDuration(text)).toBe(ms);
  });
});
