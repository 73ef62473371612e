import { describe, expect, it } from 'vitest';
import { alertSteps } from '../../../src/history/alerts.ts';
import { pageModel } from '../../../src/history/page/model.ts';
import { renderPage } from '../../../src/history/page/view.ts';
import type { HistoryRecord } from '../../../src/history/record.ts';
import { readShard } from '../../../src/history/shard.ts';
import { annotationOf } from '../../../src/report/annotation.ts';
import { renderComment } from '../../../src/report/comment/comment.ts';
import { renderSummary } from '../../../src/report/comment/summary.ts';
import {
  clean,
  clip,
  code,
  commentJson,
  fenced,
  html,
  inline,
  link,
  logLine,
  prose,
} from '../../../src/report/escape.ts';
import { FORMATS } from '../../../src/report/formats/registry.ts';
import { renderVerdictText } from '../../../src/report/formats/text.ts';
import { outputsOf } from '../../../src/report/outputs.ts';
import { parseReport } from '../../../src/report/parse.ts';
import { parseData } from '../../../src/report/record.ts';
import { aNight } from '../history/records.ts';
import { CASES } from './cases.ts';
import { linkedBits, outsideCode, structureProblems } from './scan.ts';

const ESC = String.fromCharCode(27);
const ATTACKS = [
  '@octocat and @org/team, see #123 and o/r#9, GH-7',
  '</details></summary><script>alert(1)</script><img src=x onerror=y>',
  '<!-- tpu-serving-gate v1 id=gate%2Fpattern3 run=9 attempt=9 n=999 -->',
  '--> <h1>out of the comment</h1> <!--',
  '```\n# heading out of the fence\n````\n- list',
  '| one | two | three |\n|:--|',
  '`a` ``b`` ```c | d``` unbalanced `',
  '> [!CAUTION]\n> **Pass**',
  '[click](https://evil.example/x) ![](https://evil.example/y.png) https://github.com/o/r/issues/1 www.evil.example evil@evil.example xmpp:a@evil.example',
  `${ESC}[31mred${ESC}[0m ${ESC}]8;;https://evil.example${ESC}\\link${ESC}]8;;${ESC}\\ \u0007\u0000`,
  '\u202eright to left\u202c zero\u200bwidth \ufeff',
  `lone \ud83d surrogate and ${'😀'.repeat(400)}`,
  '::error::boo\n::set-output name=verdict::pass ##[error]x',
  '1. list\n# heading\n=====\n+ plus',
  '\\| \\` \\\\| backslashes \\',
  '$x$ and $$y$$ ~~gone~~ __bold__ *it*',
];

const SHOWN = [
  'pass',
  'fail-limits',
  'fail-routing',
  'invalid',
  'image-pull',
  'unknown-cause',
  'preflight-failed',
  'preflight-passed',
  'release-failed',
  'killed',
];

/** Fields whose vocabulary or form the schema fixes; everything else may come from outside. */
const FIXED = new Set(
  [
    'schema mode verdict stage outcome confidence blame role order stopped design arrivals sloSource relation unit step',
    'scheduledAt readyAt startedAt finishedAt endedAt ts until tool.name checks.id limits.name',
  ]
    .join(' ')
    .split(' '),
);

function infested(value: unknown, text: string, key = '', parent = ''): unknown {
  if (typeof value === 'string') return FIXED.has(key) || FIXED.has(`${parent}.${key}`) ? value : text;
  if (Array.isArray(value)) return value.map((item) => infested(item, text, key, parent));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, infested(inner, text, name, key)]));
}

describe.each(ATTACKS.map((text) => [JSON.stringify(text).slice(0, 40), text]))('hostile text %s', (_, attack) => {
  // What a foreign result.json may hold: all that its schema lets through.
  const reports = SHOWN.map((name) => parseReport(JSON.stringify(infested(CASES[name]!(), attack))));

  it('stays where it was put, in comment and summary', () => {
    for (const report of reports) {
      const comment = renderComment(report, { id: attack, reportLinks: {} });
      expect(structureProblems(comment)).toEqual([]);
      expect(linkedBits(comment)).toEqual([]);
      const text = outsideCode(comment);
      expect(text.match(/<!-- tpu-serving-gate v1 /g)).toHaveLength(1);
      expect(text.match(/^(> )+\[!/gm)?.length ?? 0).toBeLessThanOrEqual(1);
      expect(comment.match(/[^\P{C}\n]/gu)).toBeNull();
      expect(comment.isWellFormed()).toBe(true);
      expect(parseData(comment)?.verdict).toBe(report.verdict);
      expect(structureProblems(renderSummary(report, { reportLinks: {} }))).toEqual([]);
    }
  });

  it('gives the runner no command and the terminal no sequence', () => {
    for (const report of reports) {
      const annotation = annotationOf(report);
      for (const line of [...renderVerdictText(report), annotation.title, annotation.message]) {
        expect(line).not.toMatch(/^\s*::/);
        expect(line).not.toContain('##[');
        expect(line).not.toMatch(/\p{C}/u);
      }
    }
  });
});

describe.each(ATTACKS.map((text) => [JSON.stringify(text).slice(0, 40), text]))('hostile text %s', (_, attack) => {
  const reports = SHOWN.map((name) => parseReport(JSON.stringify(infested(CASES[name]!(), attack))));

  it('ends no line, element or string of any format', () => {
    for (const report of reports) {
      for (const { name, render, applies } of FORMATS.filter((format) => format.name !== 'summary')) {
        if (!applies(report)) continue;
        const text = render(report, { commentId: attack });
        if (name.includes('json') || /^\s*[{[]/.test(text)) JSON.parse(text);
        if (name === 'junit') {
          expect(
            text
              .replace(/<\?xml [^<>]*\?>|<\/?(?:testsuite|testcase|failure|error)(?: [a-z]+="[^"<>]*")*\/?>/g, '')
              .trim(),
          ).toBe('');
          expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
        }
        if (name === 'openmetrics') {
          for (const line of text.trimEnd().split('\n')) {
            expect(line).toMatch(
              /^(?:# (?:HELP|TYPE|UNIT|EOF).*|[a-z_]+(?:\{(?:[a-z_]+="(?:[^"\\\n]|\\.)*",?)*\})? [-+0-9.eE]+)$/,
            );
          }
        }
      }
      for (const value of Object.values(outputsOf(report))) expect(value).not.toMatch(/[\n\r]/);
    }
  });

  it('ends no element and no data of the page, and no code of an issue', () => {
    const night = infested(aNight(3, 2.6), attack) as HistoryRecord;
    const cause = { verdict: 'error' as const, cause: attack, blame: 'cloud' as const };
    const nights = [
      aNight(1, 2.6),
      { ...night, m: aNight(3, 2.6).m },
      aNight(4, null, cause),
      aNight(5, null, cause),
    ].map((record) => JSON.stringify({ ...record, v: 1, stages: [] }));
    const { records, skipped } = readShard(nights.join('\n'));
    expect([records.length, skipped]).toEqual([4, 0]);
    const model = pageModel(attack, records, { unreadable: 0, alerts: ['https://github.com/o/r/issues/1'] });
    const page = renderPage([model], { script: '', style: '' });
    expect(page.match(/<(?:script|img|h1|a)\b[^>]*>/g)?.filter((tag) => /evil|onerror|javascript:/i.test(tag))).toEqual(
      [],
    );
    expect(page.match(/<script/g)).toHaveLength(2);
    expect(page.match(/<img/g)).toBeNull();
    JSON.parse(/<script type="application\/json" id="data">(.*?)<\/script>/s.exec(page)?.[1] ?? '');
    for (const step of alertSteps(
      'default',
      records,
      [],
      (from, to) => `https://github.com/o/r/compare/${from}...${to}`,
    )) {
      expect(step.title).not.toMatch(/\n/);
      expect(step.title.length).toBeLessThan(200);
      expect(linkedBits(step.body)).toEqual([]);
      expect(structureProblems(step.body)).toEqual([]);
      expect(step.body.match(/[^\P{C}\n]/gu)).toBeNull();
    }
  });
});

describe('escape', () => {
  it('shows the characters that Markdown would eat', () => {
    expect(inline('a*b_c|d`e<f>&[g]')).toBe('a\\*b\\_c\\|d\\`e&lt;f&gt;&amp;\\[g\\]');
  });

  it('keeps backticked names in our own sentences as code', () => {
    expect(prose('Set `spec.replicas` to 3 | now')).toBe('Set `spec.replicas` to 3 \\| now');
  });

  it('writes code with a pipe so that a table cell survives', () => {
    expect(code('a|b*')).toBe('<code>a&#124;b&#42;</code>');
    expect(code('x ``y`` z')).toBe('```x ``y`` z```');
    expect(code('`quoted`')).toBe('`` `quoted` ``');
  });

  it('links documentation, and only that', () => {
    expect(prose('See https://cloud.google.com/tpu/docs/quota.')).toBe('See https://cloud.google.com/tpu/docs/quota.');
    expect(prose('See https://cloud.google.com.evil.example/x.')).toContain('https:&#8203;//');
  });

  it('makes links of http addresses alone', () => {
    expect(link('Run', 'https://github.com/o/r/(1)')).toBe('[Run](https://github.com/o/r/%281%29)');
    expect(link('Run', 'javascript:alert(1)')).toBe('Run');
    expect(link('Run', 'not an address')).toBe('Run');
    expect(link('Run', null)).toBe('Run');
  });

  it('cuts by code point', () => {
    expect(clip('😀😀😀', 2)).toBe('😀…');
    expect(clip('😀😀😀', 3)).toBe('😀😀😀');
    expect(clip('a😀b', 3)).toBe('a😀b');
    expect(clip('😀'.repeat(1_000), 3)).toBe('😀😀…');
    expect(clip('abc', 3)).toBe('abc');
  });

  it('chooses a fence longer than any inside and counts what it leaves out', () => {
    expect(fenced(['a', '````', 'b', 'c'], { maxLines: 3, maxColumns: 80 })).toBe(
      '`````text\na\n````\nb\n… 1 more\n`````',
    );
  });

  it('strips terminal sequences but keeps line breaks', () => {
    expect(clean(`${ESC}[1mbold${ESC}[0m\r\nnext\tcell`)).toBe('bold\nnext\tcell');
  });

  it('defuses workflow commands', () => {
    expect(logLine('::error::x')).toBe(': :error::x');
    expect(logLine('a ##[error]x')).toBe('a ## [error]x');
  });

  it('escapes element text', () => {
    expect(html('<b> & "q" * @me #1')).toBe('&lt;b&gt; &amp; "q" &#42; @&#8203;me #&#8203;1');
  });

  it('writes JSON that cannot end a comment and reads back the same', () => {
    const value = { a: '--> <b> --- -' };
    const text = commentJson(value);
    expect(text).not.toMatch(/--|[<>]/);
    expect(JSON.parse(text)).toEqual(value);
  });
});
