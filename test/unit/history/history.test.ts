import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startGithub } from '../../../lab/github/server.ts';
import { historyRecord } from '../../../src/history/new-record.ts';
import { pageModel } from '../../../src/history/page/model.ts';
import { mergeShard, readShard, shardPath } from '../../../src/history/shard.ts';
import { watch } from '../../../src/history/watch.ts';
import { watchSentences } from '../../../src/history/watch-text.ts';
import type { ArmComparison } from '../../../src/report/model.ts';
import { command } from '../commands/command.ts';
import { CASES } from '../report/cases.ts';
import { aBenchmark, anEnvironment, aReport } from '../report/fixtures.ts';
import { aNight } from './records.ts';

describe('a record', () => {
  it.each(Object.keys(CASES))('of a run that ended as %s is one short line', (name) => {
    const line = JSON.stringify(historyRecord(CASES[name]!(), 'default'));
    expect(line).not.toContain('\n');
    expect(Buffer.byteLength(line)).toBeLessThan(2_048);
    expect(readShard(`${line}\n`)).toMatchObject({ records: [{ v: 1 }], skipped: 0 });
  });

  it('has all figures of the report, and what they were measured on', () => {
    const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
    const base = aReport();
    const record = historyRecord(
      {
        ...base,
        run: { ...base.run, subject: 'Add a scorer', pullRequest: 12 },
        environment: anEnvironment({
          vllmVersion: '0.11.1',
          vllmArgs: 'vllm serve m --api-key=hunter2 --max-model-len 4096',
        }),
        pods: base.pods.map((pod) => ({
          ...pod,
          imageId: `docker.io/x/${pod.role}@${digest(pod.role === 'replica' ? 'a' : 'b')}`,
        })),
        comparisons: [aChange()],
      },
      'default',
    );
    const { benchmark } = base;
    expect(record.m).toEqual({
      speedup: [2.68, expect.closeTo(2.61, 2), expect.closeTo(2.75, 2)],
      all: benchmark?.arms.all.requestsPerSecond,
      one: 7.46,
      tokens: benchmark?.arms.all.outputTokensPerSecond,
      p50Ms: expect.any(Number),
      p95Ms: expect.any(Number),
      p99Ms: expect.any(Number),
      ttftP50Ms: 204,
      tpotP50Ms: 20.5,
      goodput: 18.2,
      hitRate: 0.7389,
      successRate: 1,
      spread: null,
      apart: [],
      readyMs: 818_000,
      // Lease 612 s, deploy 38 s, ready 864 s.
      upMs: 1_514_000,
      quality: null,
    });
    expect(record.env).toMatchObject({
      chips: 4,
      workload: '640 + 16 tokens, 10 in flight per replica, unique prompts, nonce first',
      method: 'paired, by the endpoint picker, version 1',
      vllmDigest: digest('a'),
      pickerDigest: digest('b'),
      vllmVersion: '0.11.1',
      flags: 'vllm serve m --api-key=*** --max-model-len 4096',
      flagsHash: expect.stringMatching(/^[0-9a-f]{8}$/),
    });
    expect(record.run).toMatchObject({ subject: 'Add a scorer', pullRequest: 12 });
    expect(record.cost.usdPerMillionTokens).toBe(base.cost?.usdPerMillionOutputTokens);
    expect(record.change).toEqual({ verdict: 'regressed', ratio: [0.81, 0.8, 0.82] });
    expect(JSON.stringify(record)).not.toContain('hunter2');
  });

  it('is bounded, whatever the cluster writes', () => {
    const long = '\u202e"<img src=x>\\\n'.repeat(2_000);
    const base = aReport();
    const record = historyRecord(
      {
        ...base,
        run: { ...base.run, id: long, sha: long, url: long, event: long, subject: long },
        environment: {
          ...anEnvironment(),
          ...{ machineType: long, kubernetesVersion: long, modelId: long, vllmImage: long, pickerImage: long },
          ...{ vllmArgs: long, istioVersion: long, kserveVersion: long, vllmVersion: long },
          scorers: Array.from({ length: 500 }, () => ({ name: long, weight: 1 })),
        },
        pods: Array.from({ length: 500 }, (_, at) => ({ ...base.pods[0]!, name: long, imageId: `${long}${at}` })),
      },
      'default',
    );
    const line = JSON.stringify(record);
    expect(Buffer.byteLength(line)).toBeLessThan(8_192);
    expect(line).not.toMatch(/[\n\u202e]/);
    expect(readShard(`${line}\n`)).toMatchObject({ records: [{ v: 1 }], skipped: 0 });
  });

  it('has the condition of hardware, workload and method, and not of the stack', () => {
    const condition = (change: Parameters<typeof aReport>[0]) => historyRecord(aReport(change), 'default').env.cond;
    const own = condition({});
    const bench = aBenchmark(2.68, 0.03);
    expect(condition({ environment: anEnvironment({ vllmImage: 'vllm:v1', vllmArgs: '--x', scorers: [] }) })).toBe(own);
    expect(condition({ benchmark: null })).toBeNull();
    for (const change of [
      { environment: anEnvironment({ machineType: 'ct5p-hightpu-4t' }) },
      { environment: anEnvironment({ chipsPerNode: 8 }) },
      { environment: anEnvironment({ modelId: 'other' }) },
      { benchmark: { ...bench, workload: { ...bench.workload, promptTokens: 1_280 } } },
      { benchmark: { ...bench, concurrencyPerReplica: 20 } },
      { benchmark: { ...bench, design: 'unpaired' as const } },
    ]) {
      expect(condition(change)).not.toBe(own);
    }
  });

  it('from before it had all of this is read, and watched on', () => {
    const old = readFileSync(join(import.meta.dirname, 'old-records.jsonl'), 'utf8');
    const { records, skipped } = readShard(old);
    expect([records.length, skipped]).toEqual([14, 0]);
    expect(watchSentences(watch(records), [])).toEqual([
      'Worse: speedup fell 17.9% (95% interval 17.0% to 18.8%), from 2.68× to 2.20×, in 2 nights, when the vLLM image changed from `vllm/vllm-tpu:v0.11.0` to `vllm/vllm-tpu:v0.11.1`.',
    ]);
    expect(pageModel('default', records).nights).toHaveLength(14);
  });

  it('has no figures where a veto stands', () => {
    const vetoed = aReport({ benchmark: aBenchmark(3.9, 0.03, { vetoes: [{ id: 'restart', message: '' }] }) });
    expect(historyRecord(vetoed, 'default').m).toMatchObject({ speedup: null, all: null });
  });

  it('has the same fingerprint for another commit, and another one for another image', () => {
    const fingerprint = (change: Parameters<typeof aReport>[0]) => historyRecord(aReport(change), 'default').env.fp;
    const { run } = aReport();
    expect(fingerprint({ run: { ...run, sha: 'f'.repeat(40), id: '9' } })).toBe(fingerprint({}));
    expect(fingerprint({ environment: anEnvironment({ vllmImage: 'vllm/vllm-tpu:v1' }) })).not.toBe(fingerprint({}));
  });
});

/** A change that made the stack slower. */
function aChange(): ArmComparison {
  const ratio = { value: 0.81, low: 0.8, high: 0.82, level: 0.978 };
  return {
    name: 'change',
    verdict: 'regressed',
    reasons: ['Slower.'],
    ratio,
    limit: 0.97,
    arms: [],
    pairs: 18,
    change: null,
  };
}

describe('a shard', () => {
  const [one, two, three] = [aNight(1, 2.6), aNight(2, 2.7), aNight(3, 2.8)];

  it('is of one series and one month, under a name that leaves its folder for nothing', () => {
    expect(shardPath(one)).toBe('v1/default/2026-01.jsonl');
    expect(shardPath({ series: '../../etc/passwd', ts: one.ts })).toBe('v1/etc-passwd/2026-01.jsonl');
  });

  it('is the same whatever the order of the writers, and however often one writes', () => {
    const all = mergeShard('', [one, two, three]);
    expect(mergeShard(mergeShard('', [three, one]), [two])).toBe(all);
    expect(mergeShard(all, [two])).toBe(all);
    expect(readShard(all).records.map(({ key }) => key)).toEqual([one.key, two.key, three.key]);
  });

  it('has the newer line of a run that was run again', () => {
    const again = { ...two, verdict: 'fail' as const };
    expect(readShard(mergeShard(mergeShard('', [one, two]), [again])).records.map(({ verdict }) => verdict)).toEqual([
      'pass',
      'fail',
    ]);
  });

  it('keeps what it does not understand', () => {
    const strange = '{"v":2,"key":"x/1/default","ts":"2026-01-09T00:00:00Z","new":true}\n{"broken\n';
    const text = mergeShard(strange, [one]);
    expect(text).toContain('{"broken\n');
    expect(text).toContain('"new":true');
    expect(readShard(text)).toMatchObject({ records: [{ key: one.key }], skipped: 2 });
  });

  it.each(['run', 'env', 'm', 'cost', 'stages', 'ts'])(
    'counts a line without %s as one that cannot be read',
    (name) => {
      const { [name as 'm']: _, ...rest } = one;
      expect(readShard(`${JSON.stringify(rest)}\n`)).toEqual({ records: [], skipped: 1 });
    },
  );
});

describe('the history command', () => {
  const folder = mkdtempSync(join(tmpdir(), 'history-'));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('keeps results in a folder, and says when the newest is worse', async () => {
    const said: string[] = [];
    const files = Array.from({ length: 22 }, (_, index) => {
      const path = join(folder, `result-${index}.json`);
      const base = aReport({ benchmark: aBenchmark(index < 20 ? 2.68 + 0.01 * (index % 3) : 2.2, 0.03) });
      const finishedAt = new Date(Date.UTC(2026, 10, 1 + index)).toISOString();
      writeFileSync(path, JSON.stringify({ ...base, finishedAt, run: { ...base.run, id: String(index) } }));
      return path;
    });
    const to = join(folder, 'data');
    expect(await command(['history', 'add', to, ...files.slice(0, 20)], {}, (line) => said.push(line))).toBe(0);
    expect(await command(['history', 'show', to], {}, (line) => said.push(line))).toBe(0);
    expect(said.at(-1)).toMatch(/^As before: 2\.6\d× over 19 nights; 12 figures are watched\.$/);
    await command(['history', 'add', to, ...files.slice(20)], {}, () => {});
    expect(await command(['history', 'show', to], {}, (line) => said.push(line))).toBe(1);
    expect(said.at(-1)).toMatch(
      /^Worse: end-to-end latency p95 rose 2\d\.\d% .*, in 2 nights, with no recorded change\.$/,
    );
    expect(readFileSync(join(to, 'v1/default/2026-11.jsonl'), 'utf8').split('\n')).toHaveLength(23);
  });

  it('takes no result of a run that only looked, and says what it wants', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'history-')), 'result.json');
    writeFileSync(path, JSON.stringify(CASES['preflight-passed']!()));
    await expect(command(['history', 'add', folder, path], {}, () => {})).rejects.toThrow('measured nothing');
    expect(await command(['history', 'add', folder], {}, () => {})).toBe(3);
  });

  it('keeps them on a branch of the repository, and reads them there', async () => {
    const github = await startGithub({ token: 'good', login: 'me', repository: 'o/r', pullRequests: [] });
    const env = { GITHUB_TOKEN: 'good', GITHUB_REPOSITORY: 'o/r', GITHUB_API_URL: github.apiUrl };
    const path = join(mkdtempSync(join(tmpdir(), 'history-')), 'result.json');
    writeFileSync(path, JSON.stringify(aReport({ benchmark: aBenchmark(2.68, 0.03) })));
    const said: string[] = [];
    for (let twice = 0; twice < 2; twice += 1) {
      await command(['history', 'add', '--branch', 'tpu-bench-data', path], env, (line) => said.push(line));
    }
    expect(said[0]).toMatch(/^tpu-bench-data\/v1\/default\/\d{4}-\d\d\.jsonl: \d+\/1\/default pass$/);
    expect(await command(['history', 'show', '--branch', 'tpu-bench-data'], env, (line) => said.push(line))).toBe(0);
    expect(said.slice(2)).toEqual([expect.stringContaining('2.68×'), 'Building history: 1 of 12 comparable nights.']);
    await github.close();
  });

  it('says everything that a branch lacks, before any call', async () => {
    const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    expect(await command(['history', 'add', '--branch', 'main', 'result.json'], {}, () => {})).toBe(3);
    expect(await command(['history', 'show', '--branch', '../x'], {}, () => {})).toBe(3);
    const text = said.mock.calls.map(([line]) => String(line)).join('');
    said.mockRestore();
    for (const part of [
      'where code lives',
      '"../x" is not the name',
      'GITHUB_TOKEN is not set',
      'GITHUB_REPOSITORY is ""',
    ]) {
      expect(text).toContain(part);
    }
  });
});
