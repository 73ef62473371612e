import { describe, expect, it } from 'vitest';
import { renderComment } from '../../../src/report/comment/comment.ts';
import { emptyReport, foldAll } from '../../../src/report/fold.ts';
import { junit } from '../../../src/report/formats/junit.ts';
import { renderVerdictText } from '../../../src/report/formats/text.ts';
import type {
  ArmComparison,
  ComparisonVerdict,
  Report,
  StackDifference,
  StackFigures,
  Verdict,
} from '../../../src/report/model.ts';
import { outputsOf } from '../../../src/report/outputs.ts';
import { parseReport } from '../../../src/report/parse.ts';
import { scalingComparison, unmeasuredChange, withChange } from '../../../src/verdict/comparisons.ts';
import { aBenchmark, aReport } from './fixtures.ts';
import { linkedBits, structureProblems } from './scan.ts';

const BENCHMARK = aBenchmark(2.68, 0.026);
const latency = { mean: 500, p50: at(486), p95: at(612), p99: at(734) };
function at(value: number) {
  return { value, low: value - 10, high: value + 10 };
}

const stack = (service: string, requestsPerSecond: number): StackFigures => ({
  service,
  contentHash: service.padEnd(64, '0'),
  vllmImage: 'registry.example.com/vllm:1',
  load: { ...BENCHMARK.arms.one, requestsPerSecond, latencyMs: latency },
  ...{ ttftMs: latency, tpotMs: null, e2eMs: latency },
  ...{ hitRate: 0.724, tokensPerPrompt: 640, readyMs: 251_000, kvCacheTokens: 2_599_936 },
});

function compared(verdict: ComparisonVerdict, value: number, half = 0.01): ArmComparison {
  return {
    ...unmeasuredChange('not-measured', `The throughput is ${value}× that of the base stack.`, 0.97),
    verdict,
    ratio: { value, low: value - half, high: value + half, level: 0.98 },
    pairs: 18,
    change: {
      ...{ baseReplicas: 'one', method: 'closed loop', pairs: [], vetoes: [], warnings: [], nodeDeviation: 0.003 },
      head: stack('qwen', 30 * value),
      base: stack('qwen-base', 30),
      looks: { done: 1, planned: 4, stopped: verdict === 'regressed' ? 'regressed' : 'no-worse' },
    },
  };
}

function withComparison(change: ArmComparison, scaling: Verdict = 'pass'): Report {
  const report = aReport();
  const comparisons = [scalingComparison(BENCHMARK, report.target, 'qwen'), change];
  return { ...report, comparisons, ...withChange({ verdict: scaling, reasons: report.reasons }, change) };
}

/** What stands above the first fold, without what only sets it. */
const firstScreen = (report: Report) =>
  (
    renderComment(report, { id: 'gate', reportLinks: { run: null, summary: null, results: null } }).split(
      '<details',
    )[0] as string
  )
    .replaceAll('\u00a0', ' ')
    .replaceAll('*', '');

describe('the comparison with the base stack, on the first screen', () => {
  it.each<[change: ArmComparison, texts: (string | RegExp)[]]>([
    [
      compared('regressed', 0.7),
      [
        /^### ❌ Fail — 0\.700× the throughput of its base, and 2\.68× that of one replica$/m,
        '| ❌ regressed | Against the base: ↓ 0.700× (0.690–0.710), needs > 0.97× |',
      ],
    ],
    [
      compared('no-worse', 1.002),
      [
        /^### ✅ Pass — 1\.002× the throughput of its base, 2\.68× /m,
        '| ✅ no worse | Against the base: → 1.002× (0.992–1.012), needs > 0.97× |',
      ],
    ],
    [
      compared('no-worse', 0.985, 0.005),
      ['| ✅ slower, allowed | Against the base: ↓ 0.985× (0.980–0.990), needs > 0.97× |'],
    ],
    [compared('no-worse', 1.1), ['| ✅ no worse | Against the base: ↑ 1.100× (1.090–1.110), needs']],
    [
      unmeasuredChange('not-measured', 'The base stack did not become ready: an image is missing.', 0.97),
      [
        /^### ⚠️ Inconclusive — The change was not compared with its base: The base stack did not become ready/m,
        '| ⚠️ not measured | Against the base: needs > 0.97× |',
        'without base-manifests the scaling alone is judged',
        // The scaling counts.
        '| ✅ pass | Speedup: ',
      ],
    ],
    [
      unmeasuredChange('same', 'The base stack has the same objects.', 0.97),
      [/Pass — the same stack as its base, 2\.68×/m, '| ✅ same stack |'],
    ],
    [
      compared('inconclusive', 0.98, 0.05),
      [
        /^### ⚠️ Inconclusive — 0\.980× \(0\.930–1\.030\) the throughput of its base, too close to 0\.97× to decide$/m,
        '⚠️ undecided',
        'To decide: allow more pairs',
      ],
    ],
    [
      { ...compared('invalid', 0.98), reasons: ['The arms were disturbed.'] },
      [
        'the comparison with its base does not count',
        '| ⚠️ not valid | Against the base: needs',
        '| ✅ pass | Speedup: ',
      ],
    ],
  ])('as %#', (change, texts) => {
    const text = firstScreen(withComparison(change)).replaceAll('`', '');
    for (const each of texts) expect(text).toMatch(each);
  });

  it('has both stacks side by side in a fold', () => {
    const text = renderComment(withComparison(compared('regressed', 0.7)), {
      id: 'gate',
      reportLinks: { run: null, summary: null, results: null },
    });
    expect(text.replaceAll('\u00a0', ' ')).toMatch(
      /\| Throughput at equal load \| −30\.0% \| 21\.0 req\/s \| 30\.0 req\/s \|/,
    );
    expect(text).toContain('| TPOT, open loop p50 | – | not measured | not measured |');
    expect(text.replaceAll('\u00a0', ' ')).toContain(
      '| KV cache of a replica | 0.0% | 2,599,936 tokens | 2,599,936 tokens |',
    );
  });
});

/** What a change of image, flags and weights leaves in the manifests. */
const DIFFERENCES: StackDifference[] = [
  { what: 'weight of queue-scorer', base: '3', head: '1', isRouting: true },
  { what: 'vLLM image', base: 'vllm/vllm-tpu:v0.11.1', head: 'vllm/vllm-tpu:v0.12.0', isRouting: false },
  { what: 'vLLM --enforce-eager', base: null, head: 'set', isRouting: false },
  { what: 'vLLM --max-num-seqs', base: '256', head: null, isRouting: false },
  { what: 'replicas', base: '3', head: '2', isRouting: false },
];

function withControl(change: ArmComparison): ArmComparison {
  const ratio = { value: 1.002, low: 0.991, high: 1.013, level: 0.99 };
  return {
    ...change,
    change: change.change && { ...change.change, control: { pairs: 6, ratio, deviation: 0.007, noiseShare: 0.83 } },
  };
}

/** From the heading on, without the sections that a change does not touch. */
function changeParts(report: Report): string {
  const text = renderComment(report, { id: 'gate', reportLinks: { run: null, summary: null, results: null } });
  const [screen = '', ...folds] = text.split(/\n(?=<details)/);
  const own = folds.filter((fold) => /<summary>Against the base/.test(fold)).map((fold) => fold.split('</details>')[0]);
  return [screen.split('\n').slice(1).join('\n').trim(), ...own.map((fold) => `${fold}</details>`), ''].join('\n\n');
}

describe('the comment on a change', () => {
  const vetoed = compared('invalid', 0.98);
  const veto = {
    id: 'output-length',
    message: 'Answers had 16 tokens from the stack under test and 12 from the base stack.',
  };
  it.each<[string, ArmComparison, StackDifference[]]>([
    ['no-worse', compared('no-worse', 1.002), DIFFERENCES.slice(1, 3)],
    ['regressed', withControl(compared('regressed', 0.7)), DIFFERENCES],
    ['same', unmeasuredChange('same', 'The base stack has the same objects.', 0.97), []],
    ['undecided', compared('inconclusive', 0.98, 0.05), DIFFERENCES.slice(0, 1)],
    [
      'invalid',
      {
        ...vetoed,
        reasons: [`Compared with the base stack: ${veto.message}`],
        change: vetoed.change && { ...vetoed.change, vetoes: [veto] },
      },
      DIFFERENCES.slice(2, 4),
    ],
    [
      'not-measured',
      unmeasuredChange('not-measured', 'The base stack did not become ready: its image does not exist.', 0.97),
      DIFFERENCES,
    ],
  ])('reads as recorded: %s', async (name, change, differences) => {
    const report = { ...withComparison(change), differences };
    await expect(changeParts(report)).toMatchFileSnapshot(`golden/change-${name}.md`);
  });

  it('escapes what differs, and shows a few of many', () => {
    const hostile = '`</details>| [x](https://evil.example) @octocat <img src=x>';
    const many = Array.from({ length: 30 }, (_, index) => ({
      ...{ what: `${hostile} ${index}`, base: hostile, head: hostile.repeat(9), isRouting: index === 0 },
    }));
    const text = renderComment(
      { ...withComparison(compared('no-worse', 1)), differences: many },
      {
        id: 'gate',
        reportLinks: { run: null, summary: null, results: null },
      },
    );
    expect(structureProblems(text)).toEqual([]);
    expect(linkedBits(text)).toEqual([]);
    expect(text.replaceAll('\u00a0', ' ')).toContain('and 22 more fields in result.json');
  });
});

describe('the comparison with the base stack, elsewhere', () => {
  it('is in the log, in JUnit and in the outputs', () => {
    const report = withComparison(compared('regressed', 0.7));
    expect(renderVerdictText(report).join('\n')).toMatch(
      /change +Against the base: 0\.700× the throughput .*slower by more than chance/,
    );
    expect(junit(report)).toMatch(
      /classname="tpu-serving-gate.comparisons" name="throughput above 0.97 of the base"><failure/,
    );
    expect(outputsOf(report)).toMatchObject({ change: 'regressed', 'change-ratio': '0.7', verdict: 'fail' });
    expect(outputsOf(aReport())).toMatchObject({ change: '', 'change-ratio': '' });
  });

  it('is read again from result.json, and its absence too', () => {
    const report = withComparison(compared('no-worse', 1.002));
    expect(parseReport(JSON.stringify(report)).comparisons).toEqual(report.comparisons);
    expect(parseReport(JSON.stringify(aReport())).comparisons).toBe(undefined);
  });

  it('replaces what was noted before, behind the scaling', () => {
    const { run, startedAt, target, plan } = aReport();
    const empty = emptyReport({ version: '0.1.0', run, startedAt, target, plan });
    const change = compared('no-worse', 1.002);
    const { comparisons } = foldAll(empty, [
      { type: 'compared', comparison: unmeasuredChange('not-measured', 'The run ended before the comparison.', 0.97) },
      { type: 'compared', comparison: scalingComparison(BENCHMARK, target, 'qwen') },
      { type: 'compared', comparison: change },
    ]);
    expect(comparisons?.map(({ name, verdict }) => `${name} ${verdict}`)).toEqual(['scaling pass', 'change no-worse']);
  });
});
