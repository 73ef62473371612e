import { describe, expect, it } from 'vitest';
import { parseMarker } from '../../../src/lib/marker.ts';
import { renderComment } from '../../../src/report/comment/comment.ts';
import { renderSummary } from '../../../src/report/comment/summary.ts';
import type { Benchmark, Report } from '../../../src/report/model.ts';
import { linksOf } from '../../../src/report/money.ts';
import { earlierResults, parseData } from '../../../src/report/record.ts';
import { CASES } from './cases.ts';
import { aBenchmark, aReport, checks, perPod, stages } from './fixtures.ts';
import { linkedBits, structureProblems, tables } from './scan.ts';

const render = (report: Report) => renderComment(report, { id: 'gate/pattern3', reportLinks: linksOf(report) });
/** What stands above the first fold. */
const firstScreen = (report: Report) => render(report).split('<details')[0] as string;

describe.each(Object.entries(CASES))('comment: %s', (name, make) => {
  const report = make();
  const text = render(report);

  it('reads as recorded', async () => {
    await expect(`${text}\n`).toMatchFileSnapshot(`golden/${name}.md`);
  });

  it('is whole, and linked to nothing but its own run', () => {
    expect(structureProblems(text)).toEqual([]);
    expect(linkedBits(text)).toEqual([]);
  });

  it('says whose it is first and carries its record last', () => {
    expect(parseMarker(text)).toEqual({
      id: 'gate/pattern3',
      run: '18300012345',
      attempt: 1,
      number: 412,
      state: 'final',
    });
    expect(parseData(text)?.verdict).toBe(report.verdict);
    expect(text.split('\n').at(-1)!.length).toBeLessThan(4_096);
  });

  it('has the result in the first column of each table of the first screen', () => {
    for (const [header = ''] of tables(firstScreen(report))) expect(header).toMatch(/^\| Result \|/);
  });

  it('has a first screen: at most eight rows, at most one box, and the money', () => {
    const screen = firstScreen(report);
    for (const rows of tables(screen)) expect(rows.length - 2).toBeLessThanOrEqual(8);
    const boxes = screen.match(/> \[!\w+\]/g) ?? [];
    const red = report.verdict === 'fail' || report.verdict === 'error' || report.release?.outcome === 'failed';
    const doubt = report.verdict === 'inconclusive' || report.verdict === 'invalid';
    expect(boxes).toEqual(red ? ['> [!CAUTION]'] : doubt ? ['> [!WARNING]'] : []);
    // A pass without a lease cost nothing and has no table.
    if (report.mode !== 'preflight') expect(screen).toMatch(/\| Cost: /);
    expect(screen).not.toContain('8 of 9');
  });

  it('renders as a job summary without the technical lines', () => {
    const summary = renderSummary(report, { reportLinks: linksOf(report) });
    expect(structureProblems(summary)).toEqual([]);
    expect(summary).not.toContain('<!--');
    expect(summary.split('\n')[0]).toBe(text.split('\n')[1]);
  });
});

describe('replicas that were the baseline in turn', () => {
  const pods = ['qwen-7d9f-aaaaa', 'qwen-7d9f-bbbbb', 'qwen-7d9f-ccccc'];
  const measured = (more: Partial<Benchmark> = {}) => {
    const plain = aBenchmark(2.7, 0.03);
    const pairs = plain.pairs.map((pair, index) => ({ ...pair, baseline: pods[index % 3]! }));
    const perReplica = pods.map((pod, index) => ({
      ...{ pod, pairs: 4, requestsPerSecond: [6.3, 7.4, 7.5][index]!, relative: [0.89, 1.05, 1.06][index]! },
      standsOut: index === 0,
    }));
    const spread = { spread: 0.19, perReplica };
    return render(aReport({ benchmark: { ...plain, pairs, spread, ...more } }));
  };

  it('are listed with their spread, and one that stands out is named', () => {
    const text = measured();
    expect(text).toMatch(/aaaaa` 6\.30\sreq\/s, 89% of the mean, \*\*stands out\*\*/);
    expect(text).toContain('The fastest is 19.0% above the slowest.');
    expect(text).toMatch(/\| Which \|/);
    expect(text).not.toContain('past the picker');
  });

  it('have both ratios beside each other where the picker was not shared', () => {
    const interval = (value: number) => ({ value, low: value - 0.1, high: value + 0.1, level: 0.95 });
    const ways = { picker: interval(2.64), direct: interval(2.2), used: 'direct' } as const;
    const text = measured({
      ways,
      pairs: aBenchmark(2.7, 0.03).pairs.map((pair) => ({ ...pair, directRequestsPerSecond: 16.4 })),
    });
    expect(text).toContain(
      '2.64× (2.54–2.74×) of one when requests to all pass it, and 2.20× (2.10–2.30×) when these do not',
    );
    expect(text).toContain('The verdict uses the second, which is the lower.');
    expect(text).toContain('Ratio past the picker');
  });
});

describe('earlier commits', () => {
  const of = (sha: string, speedup: number, earlier: Parameters<typeof renderComment>[1]['earlier'] = []) => {
    const report = aReport({ benchmark: aBenchmark(speedup, 0.03) });
    return renderComment({ ...report, run: { ...report.run, sha } }, { id: 'x', reportLinks: {}, earlier });
  };
  const [first, second, third] = ['a', 'b', 'c'].map((letter) => letter.repeat(40)) as [string, string, string];

  it('are listed with their verdicts, the newest first, in the comment that takes their place', () => {
    const one = of(first, 2.7);
    expect(one).not.toContain('Earlier commits');
    const two = of(second, 2.6, earlierResults(parseData(one), second));
    const three = of(third, 2.65, earlierResults(parseData(two), third));
    expect(three).toContain('<sub>Earlier commits: bbbbbbb ✅\u00a0Pass 2.60×, aaaaaaa ✅\u00a0Pass 2.70×.</sub>');
    expect(earlierResults(parseData(three), third)).toHaveLength(2);
  });

  it('are five at most, none twice, and none of them the commit itself', () => {
    let text = '';
    for (let n = 0; n < 9; n += 1) {
      const sha = String(n % 8).repeat(40);
      text = of(sha, 2.7, earlierResults(parseData(text), sha));
    }
    const { earlier = [] } = parseData(text)!;
    expect(earlier.map(({ sha }) => sha[0])).toEqual(['7', '6', '5', '4', '3']);
  });

  it('that somebody else wrote there are shown as nothing but what they can be', () => {
    const evil = { sha: '](javascript:x)', verdict: 'pass', speedup: '<img>' } as never;
    expect(of(third, 2.7, [evil, { sha: first, verdict: 'fail', speedup: null }])).toContain(
      'Earlier commits: aaaaaaa ❌\u00a0Fail.',
    );
  });
});

describe('where the load came from', () => {
  const lineOf = (load?: Benchmark['load']) => {
    const benchmark = aBenchmark(2.68, 0.026, load ? { load } : {});
    return render(aReport({ benchmark }))
      .replaceAll('\u00a0', ' ')
      .split('\n')
      .find((line) => line.startsWith('- Load: '));
  };
  const cluster = { from: 'cluster', asked: 'auto', clients: 2, reason: null, tunnel: null } as const;

  it('is not said of the runner without a choice', () => {
    expect(lineOf()).toBeUndefined();
  });

  it.each<[string, Benchmark['load'], string]>([
    ['the runner', { ...cluster, from: 'runner', clients: 1 }, '- Load: from the runner.'],
    ['the cluster', { ...cluster, asked: 'cluster' }, '- Load: from 2 load clients inside the cluster.'],
    [
      'the cluster for a reason',
      { ...cluster, reason: 'The plan has 900 req/s.' },
      '- Load: from 2 load clients inside the cluster. The plan has 900 req/s.',
    ],
    [
      'the cluster behind a gateway that the runner cannot reach',
      { ...cluster, reason: 'It is internal.', tunnel: 'it refuses connections' },
      '- Load: from 2 load clients inside the cluster. It is internal. The checks went through the API server.',
    ],
    [
      'the cluster in any case, with checks by another way',
      { ...cluster, asked: 'cluster', tunnel: 'it refuses connections' },
      '- Load: from 2 load clients inside the cluster. The checks went through the API server, since the runner cannot reach the gateway (it refuses connections).',
    ],
  ])('is %s', (_title, load, line) => {
    expect(lineOf(load)).toBe(line);
  });
});

describe('what was not seen', () => {
  it('never gets a tick', () => {
    const report = aReport({
      checks: checks({ 'prefix-affinity': { outcome: 'not-observable', seen: 'no counters' } }),
      routing: { ...aReport().routing!, hitRate: { measured: null, aware: 0.74, random: 0.48 } },
      verdict: 'inconclusive',
    });
    const screen = firstScreen(report);
    expect(screen).toMatch(/\| not\u00a0observable \| \*\*Routing checks\*\*: 3 of 4 passed, 1 not observable \|/);
  });

  it('is called not measured when the benchmark never ran', () => {
    const report = aReport({
      verdict: 'fail',
      reasons: ['Chat failed.'],
      benchmark: null,
      checks: checks({ chat: { outcome: 'fail' } }),
    });
    const screen = firstScreen(report);
    expect(screen).toContain('❌\u00a0Fail — 1 of 5\u00a0service checks failed');
    expect(screen).toMatch(/\| not measured \| \*\*Speedup\*\*: needs >\u00a02.5× \|/);
  });

  it('leaves a measured ratio without a result when a veto stands against it', () => {
    const row = firstScreen(CASES.invalid!())
      .split('\n')
      .find((line) => line.includes('| **Speedup**'));
    expect(row).toContain('⚠️\u00a0not\u00a0valid');
    expect(row).not.toContain('✅');
  });

  it('shows no stage of a run that died unseen', () => {
    expect(firstScreen(CASES.killed!())).not.toContain('| preflight');
  });
});

describe('two failures at once', () => {
  it('puts the missed speedup in the heading and the routing in the sentence', () => {
    const report = aReport({
      verdict: 'fail',
      benchmark: aBenchmark(2.17, 0.03),
      checks: checks({ 'prefix-affinity': { outcome: 'fail', seen: '4 / 3 / 3' } }),
      routing: {
        ...aReport().routing!,
        sharedPrefix: { sent: 72, perPod: perPod([25, 24, 23]), groups: Array(12).fill(perPod([2, 2, 2])) },
      },
    });
    const screen = firstScreen(report);
    expect(screen).toContain('Fail — 2.17× the throughput of one replica');
    expect(screen).toMatch(/❌\u00a0\*\*fail\*\* \| \*\*Routing checks\*\*: 3 of 4 passed, 1 failed \|/);
  });

  it('does not boast of a ratio against which a veto stands', () => {
    const text = render(
      aReport({
        verdict: 'fail',
        benchmark: aBenchmark(2.68, 0.026, { vetoes: [{ id: 'restart', message: 'A pod restarted.' }] }),
        checks: checks({ 'prefix-affinity': { outcome: 'fail', seen: '4 / 3 / 3' } }),
      }),
    );
    expect(text.split('\n')[1]).toBe('### ❌\u00a0Fail — requests are not routed by prefix cache');
    expect(text).toContain('The measurement has a veto, so this ratio does not count.');
    expect(text).not.toContain('lies above');
    expect(parseData(text)?.speedup).toBeNull();
  });

  it('says in one box that the run failed and that the nodes are still there', () => {
    const report = { ...CASES.stockout!(), release: CASES['release-failed']!().release };
    const screen = firstScreen(report);
    expect(screen.match(/> \[!/g)).toHaveLength(1);
    expect(screen).toContain('**TPU nodes are still running and cost money:**');
    expect(screen).toContain('> gcloud container clusters resize');
    expect(screen.split('\n')[1]).toMatch(/^### ❌\u00a0\*\*TPU nodes are still running\*\* — verdict error: /);
  });

  it('does not repeat in the heading that the nodes are still there when the release is what failed', () => {
    const { release } = CASES['release-failed']!();
    const message = 'Node pool tpu-v6e-pool could not be given back.';
    const report = aReport({
      verdict: 'error',
      reasons: [message],
      failure: { stage: 'release', code: 'release-failed', message, hint: null, blame: 'cloud' },
      release,
    });
    expect(render(report).split('\n')[1]).not.toContain('still running');
    expect(firstScreen(report)).toContain('**TPU nodes are still running and cost money:**');
  });
});

describe('errors by stage', () => {
  it.each(['inputs', 'preflight', 'lease', 'deploy', 'ready', 'verify', 'benchmark', 'report', 'release'] as const)(
    'a failure in %s reads as a sentence and claims no figure',
    (stage) => {
      const report = aReport({
        verdict: 'error',
        reasons: ['It broke.'],
        failure: { stage, code: 'some-code', message: 'It broke.', hint: 'Mend it.', blame: 'config' },
        benchmark: null,
        routing: null,
        checks: [],
        pods: [],
        stages: stages({ preflight: [41, 'checked'] }),
      });
      const text = render(report);
      expect(text.split('\n')[1]).toMatch(/^### ❌\u00a0Error — .+, nothing was measured$/);
      expect(text.match(/It broke\./g)).toHaveLength(1);
      expect(text).toContain('> **To fix:** Mend it.');
      expect(text).not.toMatch(/\d×/);
      expect(structureProblems(text)).toEqual([]);
    },
  );
});
