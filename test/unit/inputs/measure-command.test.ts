import { describe, expect, it } from 'vitest';
import { measureCommand } from '../../../src/inputs/measure-command.ts';

describe('a command in a comment', () => {
  it.each<[string, Record<string, string>]>([
    ['/measure', {}],
    ['  /measure \r\n', {}],
    ['/measure base-replicas=all', { 'base-replicas': 'all' }],
    [
      '/measure  pairs=8-20 max-slowdown=2.5% target-speedup=2.4-2.8',
      { pairs: '8-20', 'max-slowdown': '2.5%', 'target-speedup': '2.4-2.8' },
    ],
    // Not a space of ASCII, which an editor of a phone may insert.
    ['/measure\u00a0base-replicas=one', { 'base-replicas': 'one' }],
  ])('%j is taken', (body, options) => {
    expect(measureCommand(body)).toEqual({ options });
  });

  it.each([
    '',
    'measure',
    'please /measure',
    '> /measure',
    '/measurement',
    '/measure-all',
    '/measure\u0000',
    '`/measure`',
  ])('%j is none', (body) => {
    expect(measureCommand(body)).toBeNull();
  });

  it.each([
    '/measure everything',
    '/measure base-replicas',
    '/measure base-replicas=',
    '/measure manifests=../other',
    '/measure max-cost=none',
    '/measure pairs=6-12 pairs=6-90',
    '/measure __proto__=1',
    '/measure constructor=1',
    '/measure base-replicas=$(id)',
    '/measure base-replicas=@octocat',
    '/measure "pairs=6-12"',
    '/measure pairs=6-12;reboot',
    `/measure pairs=${'9'.repeat(40)}`,
  ])('%j is refused with the options that there are, and repeats nothing', (body) => {
    expect(measureCommand(body)).toEqual({
      refusal:
        '`/measure` takes `base-replicas`, `pairs`, `max-slowdown`, `target-speedup`, each once as `name=value`.',
    });
  });

  it.each([
    ['/measure base-replicas=two', 'Input "base-replicas" is "two"; allowed: one, all.'],
    ['/measure pairs=1-2', 'Input "pairs" is "1-2"; allowed: a range such as 6-15: first and last look, at least 3.'],
    ['/measure max-slowdown=90%', expect.stringContaining('allowed: a share from 0% to 50%')],
    ['/measure target-speedup=0', expect.stringContaining('allowed: a range such as 2.5-2.8')],
    ['/measure\nthanks', '`/measure` stands alone in its comment, on one line.'],
  ])('%j is refused with what is allowed', (body, refusal) => {
    expect(measureCommand(body)).toEqual({ refusal });
  });
});
