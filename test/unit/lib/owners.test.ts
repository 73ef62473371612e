import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { explain } from '../../../src/diagnosis/explain.ts';
import { RULES } from '../../../src/diagnosis/rules/table.ts';
import { CAUSES, type Cause, type CauseRow, OTHER_CODES } from '../../../src/lib/causes.ts';
import { Failure } from '../../../src/lib/failure.ts';
import { ownerOf } from '../../../src/lib/owners.ts';
import { whoActs } from '../../../src/report/wording.ts';
import { FIXTURES } from '../diagnosis/fixtures.ts';

const src = resolve(import.meta.dirname, '../../../src');
const causes = Object.keys(CAUSES) as Cause[];
const codesOf = (cause: Cause): readonly string[] => (CAUSES[cause] as CauseRow).codes ?? [];
const OWNED = new Set([...causes.flatMap(codesOf), ...Object.keys(OTHER_CODES)]);

describe('the table of owners', () => {
  it('has every cause that a rule finds, and the ends of a run beside them', () => {
    const found = new Set(RULES.map(({ cause }) => cause));
    const without = causes.filter((cause) => !found.has(cause));
    expect(without).toEqual(['run.interrupted', 'run.superseded', 'run.stopped', 'run.crashed']);
  });

  it('has the code of every failure and of every refusal in the sources', () => {
    const texts = globSync('**/*.ts', { cwd: src }).map((file) => readFileSync(resolve(src, file), 'utf8'));
    const codes = texts.flatMap((text) => [...text.matchAll(/\bcode: '([a-z][\w.-]*)'/g)].map(([, code]) => code!));
    expect(codes.length).toBeGreaterThan(100);
    expect(codes.filter((code) => !OWNED.has(code))).toEqual([]);
  });

  it('has each code once', () => {
    const codes = [...causes.flatMap((cause) => codesOf(cause)), ...Object.keys(OTHER_CODES)];
    expect(codes.filter((code, index) => codes.indexOf(code) !== index)).toEqual([]);
  });

  it('decides for preflight and for the diagnosis alike', () => {
    for (const cause of causes) {
      for (const code of codesOf(cause)) {
        expect([code, new Failure({ stage: 'preflight', code, message: '' }).blame]).toEqual([code, ownerOf(cause)]);
      }
    }
    for (const [cause, { hit }] of Object.entries(FIXTURES)) {
      const { owner, or = [] }: CauseRow = CAUSES[cause as Cause];
      expect([owner, ...or], cause).toContain(explain(hit)?.blame);
    }
  });

  it('takes another owner only where it depends on what was found', () => {
    const failure = (code: string) => new Failure({ stage: 'lease', code, message: '', blame: 'change' });
    expect([failure('envoyfilter-erases').blame, failure('gke-stockout').blame]).toEqual(['change', 'cloud']);
    expect(failure('a-code-of-nobody').blame).toBe('change');
  });
});

it.each([
  ['interrupted', 'the person or the runner that stopped it'],
  ['killed', 'the person or the runner that stopped it'],
  ['run-timeout', 'whoever configures this workflow'],
  ['node-preempted', 'nobody here: it lies with Google Cloud or another provider'],
  ['kube-unreachable', 'whoever configures this workflow'],
  ['crashed', 'the maintainers of the gate'],
])('%s is for %s', (code, who) => {
  expect(whoActs(new Failure({ stage: 'ready', code, message: '' }).blame)).toBe(who);
});
