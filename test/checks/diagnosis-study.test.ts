import { describe, expect, it } from 'vitest';
import { RULES } from '../../src/diagnosis/rules/table.ts';
import type { Diagnosis, Report } from '../../src/report/model.ts';
import { FAULTS, type Fault } from '../studies/diagnosis/faults.ts';
import { judge } from '../studies/diagnosis/judge.ts';
import type { Played } from '../studies/diagnosis/play.ts';
import { ownersOf, remediesOf } from '../studies/diagnosis/remedies.ts';
import { aReport } from '../unit/report/fixtures.ts';

const outside = FAULTS.filter((fault) => fault.outside);

describe('the faults of the study', () => {
  it('are at least 110, and 12 of them are called unknown', () => {
    expect(FAULTS.length).toBeGreaterThanOrEqual(110);
    expect(outside.filter(({ cause }) => cause.startsWith('unknown.')).length).toBeGreaterThanOrEqual(12);
    expect(new Set(FAULTS.map(({ name }) => name)).size).toBe(FAULTS.length);
  });

  it('have a cause of the table, or none', () => {
    const causes = new Set<string>(RULES.map(({ cause }) => cause));
    for (const { name, cause } of FAULTS)
      expect(causes.has(cause) || /^(?:unknown\.|measure\.\*)/.test(cause), name).toBe(true);
  });

  it('that no rule knows are quoted, and never proven', () => {
    const proven = new Set<string>(RULES.filter(({ confidence }) => confidence === 'proven').map(({ cause }) => cause));
    for (const { name, cause, shows } of outside) {
      expect(proven.has(cause), name).toBe(false);
      expect(shows, name).not.toEqual([]);
    }
  });
});

const FAULT: Fault = {
  ...{ name: 'a-fault', cause: 'gcp.billing', outside: false, warns: [], remedy: null },
  shows: ['requires billing to be enabled'],
};

function played(
  change: Partial<Diagnosis> = {},
  comment = 'This API method requires billing to be&#10;enabled.',
): Played {
  const report: Report = aReport();
  const [{ text: remedy } = { text: '' }] = remediesOf(report).filter(({ cause }) => cause === 'gcp.billing');
  report.diagnosis = {
    ...{ cause: 'gcp.billing', title: '', confidence: 'proven', blame: 'config', explanation: '', evidence: [] },
    remedy,
    ...change,
  } as Diagnosis;
  return { exit: 2, report, comment, log: '', seen: [], nodesLeft: false, seconds: 1 };
}

const problems = (outcome: ReturnType<typeof judge>) => outcome.problems.map(({ kind }) => kind);

describe('the study', () => {
  it('finds nothing wrong with the right cause, its remedy and its evidence', () => {
    expect(judge(FAULT, played({}, 'This API method requires\nbilling to be enabled.')).problems).toEqual([]);
  });

  it('finds a wrong cause, a remedy of another, and a comment without the line that decides', () => {
    expect(problems(judge(FAULT, played({ cause: 'gke.permission' }, 'requires billing to be enabled')))).toContain(
      'cause',
    );
    const [other] = remediesOf(aReport()).filter(({ cause }) => cause === 'gke.permission');
    const comment = 'requires billing to be enabled';
    expect(problems(judge(FAULT, played({ remedy: other?.text ?? '' }, comment)))).toEqual(['remedy']);
    expect(problems(judge(FAULT, played({}, 'It failed.')))).toEqual(['evidence']);
  });

  it('finds a proven cause where there must be none', () => {
    const fault = { ...FAULT, outside: true };
    expect(problems(judge(fault, played({}, 'requires billing to be enabled')))).toEqual(['cause']);
  });
});

it('the remedy of each cause is taken for that cause’s own', () => {
  const remedies = remediesOf(aReport());
  for (const { cause, text } of remedies) expect(ownersOf(text, remedies), text).toContain(cause);
});
