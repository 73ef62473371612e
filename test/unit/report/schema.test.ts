import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { historyRecord } from '../../../src/history/new-record.ts';
import { root } from '../../checks/root.ts';
import { CASES } from './cases.ts';

const validator = (name: string) =>
  // Words for a form are for people.
  new Ajv({ strict: false, allErrors: true }).compile(JSON.parse(readFileSync(join(root, 'docs', name), 'utf8')));
const result = validator('result.schema.json');
const history = validator('history.schema.json');

describe('the schemas of docs/', () => {
  it.each(Object.keys(CASES))('fit the result of a run that ended as %s, and its line of history', (name) => {
    const report = CASES[name]!();
    result(JSON.parse(JSON.stringify(report)));
    expect(result.errors ?? []).toEqual([]);
    history(JSON.parse(JSON.stringify(historyRecord(report, 'default'))));
    expect(history.errors ?? []).toEqual([]);
  });

  it('refuse what is none, and bear what they do not know', () => {
    const report = { ...CASES.pass!(), verdict: 'maybe' };
    expect(result(report)).toBe(false);
    expect(result({ ...CASES.pass!(), newer: true })).toBe(true);
  });
});
