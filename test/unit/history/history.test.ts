import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startGithub } from '../../../lab/github/server.ts';
import { historyRecord } from '../../../src/history/record.ts';
import { mergeShard, readShard, shardPath } from '../../../src/history/shard.ts';
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
      '"../x" is no name',
      'GITHUB_TOKEN is not set',
      'GITHUB_REPOSITORY is ""',
    ]) {
      expect(text).toContain(part);
    }
  });
});
