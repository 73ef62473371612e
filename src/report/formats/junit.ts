import { ratioText } from '../../lib/speedup.ts';
import { VERDICTS } from '../../lib/verdicts.ts';
import { changeOf, changeSentence } from '../change.ts';
import type { Interval, Report } from '../model.ts';
import { wantedText } from '../slo.ts';
import { targetLimits } from '../speedup.ts';
import { always, type Format } from './format.ts';

/** For whatever shows test results. */
export const junitFormat: Format = { name: 'junit', file: 'junit.xml', applies: always, render: junit };

/**
 * Checks and the speedup as JUnit XML, for whatever shows test results. What was not observable or not decided is an
 * error and not a skip: a gate that skipped its proof has not passed.
 */
export function junit(report: Report): string {
  const { benchmark, target } = report;
  const cases = report.checks.map(({ id, title, expected, seen, outcome }) =>
    testCase(
      `checks.${id}`,
      title,
      outcome === 'pass' ? null : outcome === 'fail' ? 'failure' : 'error',
      `expected ${expected}, seen ${seen}`,
    ),
  );
  if (benchmark) {
    for (const { id, message } of benchmark.vetoes) cases.push(testCase('vetoes', id, 'error', message));
    const { speedup, looks } = benchmark;
    const kind = looks.stopped === 'pass' ? null : looks.stopped === 'fail' ? 'failure' : 'error';
    const text = speedup ? speedupLine(speedup, report) : 'not measured';
    cases.push(testCase('benchmark', `speedup above ${target.minSpeedup}`, kind, text));
  }
  const change = changeOf(report);
  if (change) {
    const { verdict, limit } = change;
    const isFailure = verdict === 'regressed' || verdict === 'worse-answers';
    const kind = isFailure ? 'failure' : verdict === 'no-worse' || verdict === 'same' ? null : 'error';
    cases.push(testCase('comparisons', `throughput above ${limit} of the base`, kind, changeSentence(change)));
  }
  for (const limit of report.slo?.limits ?? []) {
    const kind = limit.outcome === 'met' ? null : limit.outcome === 'missed' ? 'failure' : 'error';
    cases.push(testCase('limits', `${limit.name} ${wantedText(limit)}`, kind, limit.reason));
  }
  cases.push(testCase('verdict', report.verdict, VERDICTS[report.verdict].junit, report.reasons.join(' ')));
  const count = (kind: string) => cases.filter((text) => text.includes(`<${kind} `)).length;
  const seconds = report.stages.reduce((sum, { durationMs }) => sum + (durationMs ?? 0), 0) / 1_000;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite name="tpu-serving-gate" tests="${cases.length}" failures="${count('failure')}" errors="${count('error')}" time="${seconds.toFixed(3)}" timestamp="${xml(report.startedAt)}">`,
    ...cases,
    '</testsuite>',
    '',
  ].join('\n');
}

/** `2.680 (2.612 to 2.748)` */
function speedupLine(speedup: Interval, { target }: Report): string {
  const { value, low, high } = ratioText(speedup, targetLimits(target), 3);
  return `${value} (${low} to ${high})`;
}

function testCase(group: string, name: string, kind: 'failure' | 'error' | null, text: string): string {
  const head = `  <testcase classname="tpu-serving-gate.${xml(group)}" name="${xml(name)}"`;
  return kind === null ? `${head}/>` : `${head}><${kind} message="${xml(text)}"/></testcase>`;
}

/** Text from the cluster: XML 1.0 has no place for control characters, not even escaped. */
function xml(text: string): string {
  return (
    text
      .toWellFormed()
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must go
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replace(/[\t\r\n]+/g, ' ')
  );
}
