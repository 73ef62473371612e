import { describe, expect, it } from 'vitest';
import { renderComment } from '../../../src/report/comment/comment.ts';
import { renderSummary } from '../../../src/report/comment/summary.ts';
import { junit } from '../../../src/report/formats/junit.ts';
import { renderVerdictText } from '../../../src/report/formats/text.ts';
import type { QualityComparison, QualityFigures, Report } from '../../../src/report/model.ts';
import { outputsOf } from '../../../src/report/outputs.ts';
import { parseReport } from '../../../src/report/parse.ts';
import { scalingComparison, unmeasuredChange, withChange } from '../../../src/verdict/comparisons.ts';
import { judgeQuality, withQuality } from '../../../src/verdict/quality.ts';
import { aBenchmark, aReport } from './fixtures.ts';

const HOSTILE = '</details> @octocat | ![x](https://evil.example/x.png) `::error::` $x$\n<script>';

function figures(onlyBase: number, change: Partial<QualityFigures> = {}): QualityFigures {
  const pairs = { bothRight: 264 - onlyBase, onlyBase, onlyHead: 2, bothWrong: 34 };
  return {
    ...{ api: 'chat', pairs, difference: judgeQuality(pairs, 0.02).difference, identicalShare: 0.912 },
    unanswered: { head: 1, base: 0 },
    kinds: [{ kind: 'arithmetic', tasks: 100, headRight: 71, baseRight: 93 }],
    examples: [
      { id: 'text-3', right: 'base', prompt: HOSTILE, expected: 'alpha', head: HOSTILE, base: 'alpha' },
      { id: 'json-9', right: 'head', prompt: 'Write this', expected: '{"a":1}', head: '{"a":1}', base: '{}' },
    ],
    ...change,
  };
}

function quality(verdict: QualityComparison['verdict'], found: QualityFigures | null): QualityComparison {
  return { ...{ verdict, reason: 'A reason.', tasks: 'built-in v1', maxDrop: 0.02 }, figures: found };
}

/** A change that is faster, with these answers. */
function reportOf(found: QualityComparison, speed: 'no-worse' | 'invalid' = 'no-worse'): Report {
  const report = aReport();
  const faster = {
    ...unmeasuredChange('not-measured', 'The throughput is 1.2× that of the base stack.', 0.97),
    verdict: speed,
    ratio: { value: 1.2, low: 1.15, high: 1.25, level: 0.98 },
  };
  const change = withQuality(faster, found);
  const comparisons = [scalingComparison(aBenchmark(2.68, 0.026), report.target, 'qwen'), change];
  return { ...report, comparisons, ...withChange({ verdict: 'pass', reasons: report.reasons }, change) };
}

const OPTIONS = { id: 'gate', reportLinks: { run: null, summary: null, results: null } };
const flat = (text: string) => text.replaceAll('\u00a0', ' ').replaceAll('*', '');
const firstScreen = (report: Report) => flat(renderComment(report, OPTIONS).split('<details')[0] as string);

describe('the quality of answers, on the first screen', () => {
  it('fails a change that is faster and answers worse, by its name', () => {
    const text = firstScreen(reportOf(quality('dropped', figures(60))));
    expect(text).toMatch(
      /^### ❌ Fail — answers worse than its base, 68\.7% of the tasks right, 88\.0% before, at 1\.200× the throughput$/m,
    );
    expect(text).toMatch(
      /\| ❌ worse \| Quality: ↓ 68\.7%, base 88\.0% \(−19\.3 points: −25\.\d to −1\d\.\d\), needs a drop ≤ 2% \|/,
    );
    expect(text).toContain('| ❌ answers worse |');
    expect(text).toContain('Why: Head answers worse than base, whatever the throughput: A reason.');
    expect(text).toContain('To fix: Look at the answers that changed');
  });

  it('shows a change that keeps its answers in one row', () => {
    const text = firstScreen(reportOf(quality('kept', figures(3))));
    expect(text).toMatch(/^### ✅ Pass — 1\.200× the throughput of its base, 2\.68×/m);
    expect(text).toMatch(/\| ✅ no drop \| Quality: → 87\.7%, base 88\.0% \(−0\.3 points: .*\), needs a drop ≤ 2% \|/);
    expect(text.match(/Quality/g)).toHaveLength(1);
  });

  it('passes a weak model, and says that nothing can be told', () => {
    const pairs = { bothRight: 1, onlyBase: 1, onlyHead: 0, bothWrong: 298 };
    const text = firstScreen(reportOf(quality('too-low', figures(0, { pairs }))));
    expect(text).toMatch(/^### ✅ Pass/m);
    expect(text).toMatch(/\| too low to tell \| Quality: . 0\.3%, /);
  });

  it('passes nothing whose answers could not be compared, and says what decides', () => {
    const found = { ...quality('not-measured', null), reason: 'The base stack gave no response.' };
    const text = firstScreen(reportOf(found));
    expect(text).toMatch(/^### ⚠️ Inconclusive/m);
    expect(text).toMatch(/The quality of the answers could not be compared: The base stack gave no response$/m);
    expect(text).toContain('| ⚠️ not measured | Quality: needs a drop ≤ 2% |');
    expect(text).toContain(
      'with quality: off the throughput alone is judged'.replace('quality: off', '`quality: off`'),
    );
  });

  it('has no ratio of a throughput that does not count', () => {
    const text = firstScreen(reportOf(quality('dropped', figures(60)), 'invalid'));
    expect(text).toMatch(/❌ Fail — answers worse than its base, 68\.7% of the tasks right, 88\.0% before$/m);
    expect(text).not.toContain('1.200×');
  });

  it('does not hide that checks have failed as well', () => {
    const report = reportOf(quality('dropped', figures(60)));
    const text = firstScreen({
      ...report,
      reasons: ['Chat completion: failed (expected 200, seen 500).', ...report.reasons],
    });
    expect(text).toContain('Why: Chat completion: failed');
  });

  it('is not there where it was not asked for', () => {
    expect(firstScreen(aReport())).not.toContain('Quality');
  });
});

describe('the quality of answers, in a fold', () => {
  const text = flat(renderComment(reportOf(quality('dropped', figures(60))), OPTIONS));

  it('has kinds of tasks, the test and what changed', () => {
    expect(text).toContain('Quality of the answers: 88.0% → 68.7% right, 91.2% identical');
    expect(text).toContain('| Word problems | 100 | 93 | 71 |');
    expect(text).toContain(
      "Right with the base alone: 60; under test alone: 2. Exact one-sided p of McNemar's test: < 0.0001",
    );
    expect(text).toContain('Without a response: 0 of the base, 1 under test');
    expect(text).toContain('| `Write this` | `{"a":1}` | ❌ `{}` | ✅ `{"a":1}` |');
  });

  it.each(['comment', 'summary'])('shows the text of a model as it is, and as nothing else: %s', (where) => {
    const report = reportOf(quality('dropped', figures(60)));
    const shown =
      where === 'comment'
        ? renderComment(report, OPTIONS)
        : renderSummary(report, { reportLinks: OPTIONS.reportLinks });
    expect(shown).not.toContain('<script>');
    expect(shown).not.toContain('![x]');
    expect(shown).not.toMatch(/[^;]@octocat/);
    expect(shown.match(/<details/g)?.length).toBe(shown.match(/<\/details>/g)?.length);
  });
});

describe('the quality of answers, elsewhere', () => {
  const report = reportOf(quality('dropped', figures(60)));

  it('is in the log, in JUnit and in the outputs', () => {
    const log = renderVerdictText(report).join('\n');
    expect(log).toMatch(/^quality +Quality of the answers: 88\.0% of the tasks right in the base, 68\.7% under test/m);
    expect(log).toMatch(/^cause +Head answers worse than base/m);
    expect(junit(report)).toMatch(/name="throughput above 0.97 of the base"><failure/);
    expect(outputsOf(report)).toMatchObject({ verdict: 'fail', change: 'worse-answers', quality: 'dropped' });
    expect(outputsOf(aReport())).toMatchObject({ quality: '' });
  });

  it('is read again from result.json', () => {
    expect(parseReport(JSON.stringify(report)).comparisons).toEqual(report.comparisons);
  });
});
