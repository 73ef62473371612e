import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGithub } from '../../../lab/github/server.ts';
import type { GithubRecord } from '../../../lab/protocol.ts';
import { parseMark, renderMark } from '../../../src/history/alert-mark.ts';
import type { KnownIssue, Step } from '../../../src/history/alert-step.ts';
import { alertSteps } from '../../../src/history/alerts.ts';
import type { HistoryRecord } from '../../../src/history/record.ts';
import { command } from '../commands/command.ts';
import { aBenchmark, aReport } from '../report/fixtures.ts';
import { aNight, fullNight, type NightFigures } from './records.ts';

const compare = (from: string, to: string) => `https://github.com/o/r/compare/${from}...${to}`;

/** Nights as they come; issues are kept from night to night. */
function simulate(nights: readonly HistoryRecord[], from: number, issues: KnownIssue[] = []) {
  const log: [night: number, what: string, comment: string | null][] = [];
  for (let end = from; end <= nights.length; end += 1) {
    for (const step of alertSteps('default', nights.slice(0, end), issues, compare)) {
      log.push([end, `${step.do} ${step.mark.subject}`, step.do === 'open' ? null : step.comment]);
      apply(issues, step, nights[end - 1]!.ts);
    }
  }
  return { log, issues };
}

function apply(issues: KnownIssue[], step: Step, at: string): void {
  const rest = {
    open: step.do !== 'close',
    accepted: false,
    closedAt: step.do === 'close' ? at : null,
    mark: step.mark,
  };
  if (step.do === 'open') issues.unshift({ number: issues.length + 1, ...rest });
  else Object.assign(issues.find(({ number }) => number === step.number)!, rest);
}

const steady = (count: number, from = 0, level = 2.68) =>
  Array.from({ length: count }, (_, index) => aNight(from + index, level + 0.01 * (index % 3)));

const nightsOf = (...speedups: (number | null)[]) => [
  ...steady(20),
  ...speedups.map((speedup, index) => aNight(20 + index, speedup)),
];

describe('the issue of a drop', () => {
  it('opens on the second bad night, and closes on the second good one', () => {
    const { log } = simulate(nightsOf(2.68, 2.69, 2.7, 2.68, 2.69, 2.7, 2.2, 2.21, 2.68, 2.69), 12);
    expect(log).toEqual([
      [28, 'open figures', null],
      [29, 'update figures', null],
      [30, 'close figures', 'Speedup is back at 2.69×, two nights in a row.'],
    ]);
  });

  it('stays open however long the drop lasts, and speaks again only when it has grown', () => {
    const bad = [2.3, ...new Array<number>(40).fill(2.29), 2.0, 2.0];
    const { log, issues } = simulate(nightsOf(...bad), 12);
    expect(log.filter(([, what]) => what !== 'update figures')).toEqual([[22, 'open figures', null]]);
    expect(log.filter(([, , comment]) => comment)).toEqual([
      [62, 'update figures', 'Speedup is now 2.00×, 25.7% from 2.69×.'],
    ]);
    expect(issues[0]?.open).toBe(true);
  });

  it('is none for one odd night, nor for nights without a figure', () => {
    expect(simulate(nightsOf(2.2, 2.68, null, 2.2, 2.69), 12).log).toEqual([]);
  });

  it('is the same one again within 14 days, and another one after them', () => {
    const again = (good: number) => [2.2, 2.2, ...new Array<number>(good).fill(2.69), 2.2, 2.2];
    const kinds = (good: number) => simulate(nightsOf(...again(good)), 12).log.map(([, what]) => what);
    expect(kinds(10).filter((what) => !what.startsWith('update'))).toEqual([
      'open figures',
      'close figures',
      'reopen figures',
    ]);
    expect(kinds(20).filter((what) => what.startsWith('open'))).toHaveLength(2);
  });

  it('is not opened again for what was accepted', () => {
    const nights = nightsOf(2.2, 2.2, ...new Array<number>(30).fill(2.2));
    const { issues } = simulate(nights.slice(0, 22), 12);
    Object.assign(issues[0]!, { open: false, accepted: true, closedAt: nights[21]!.ts });
    expect(simulate(nights, 23, issues).log).toEqual([]);
  });

  it('closes when something else is measured from now on', () => {
    const nights = nightsOf(2.2, 2.2);
    const { issues } = simulate(nights, 12);
    const env = { ...nights[0]!.env, machine: 'ct6e-standard-8t' };
    const [step] = alertSteps('default', [...nights, aNight(22, 2.9, { env })], issues, compare);
    expect(step).toMatchObject({ do: 'close', comment: expect.stringContaining('has changed') });
    expect(step?.body).toContain('machine type `not known` → `ct6e-standard-8t`');
  });

  it('does not follow an older run that comes late', () => {
    const nights = nightsOf(2.2, 2.2);
    const { issues } = simulate(nights, 12);
    expect(alertSteps('default', nights.slice(0, 21), issues, compare)).toEqual([]);
  });

  it('names what is suspected, and shows the nights', () => {
    const nights = nightsOf(2.2, 2.2);
    for (const night of nights.slice(20)) {
      Object.assign(night, { env: { ...night.env, gke: '1.34.5' }, run: { ...night.run, sha: 'deadbee' } });
    }
    const [step] = alertSteps('default', nights, [], compare);
    expect(step?.body).toContain(
      'Between the last good night, 2026-01-20, and the first bad one, 2026-01-21: [the commits between them](https://github.com/o/r/compare/c0ffee1...deadbee); GKE `not known` → `1.34.5`.',
    );
    expect(step?.body).toContain(
      '- Speedup fell 18.2% (95% interval 17.4% to 19.0%), from 2.69× to 2.20×, in 2 nights, when GKE changed from `not known` to `1.34.5`.',
    );
    const shown = step?.body.match(/^\| 2026-01-\d\d/gm);
    expect([shown?.length, shown?.[0], shown?.at(-1)]).toEqual([14, '| 2026-01-22', '| 2026-01-09']);
  });
});

describe('the issue of several figures', () => {
  const FIGURES = { speedup: 2.68, all: 20.1, one: 7.5, ttft: 204, tpot: 20.5, p95: 612, goodput: 18.2 };
  const rest = { 'hit-rate': 0.74, 'success-rate': 1, quality: 0.61, ready: 812_000, up: 1_510_000, cost: 14.65 };
  const night = (index: number, change: Partial<NightFigures> = {}, env = {}) =>
    fullNight(index, { ...FIGURES, ...rest, ...change }, env);
  const good = Array.from({ length: 20 }, (_, index) => night(index));
  const shown = ({ log }: ReturnType<typeof simulate>) => log.filter(([, , comment]) => comment !== null);

  it('is one with a list, which figures join and leave, and closes with the last', () => {
    const slow = { one: 6.1, all: 16.3 };
    const nights = [
      ...good,
      ...[night(20, slow, { vllm: 'vllm:b' }), night(21, slow, { vllm: 'vllm:b' })],
      ...[night(22, { ...slow, ttft: 240 }), night(23, { ...slow, ttft: 241 })],
      ...[night(24, { ttft: 239 }), night(25, { ttft: 240 }), night(26), night(27)],
    ];
    const { log, issues } = simulate(nights, 12);
    expect(log.map(([at, what]) => `${at} ${what}`)).toEqual([
      '22 open figures',
      ...[23, 24, 25, 26, 27].map((at) => `${at} update figures`),
      '28 close figures',
    ]);
    expect(shown({ log, issues }).map(([at, , comment]) => [at, comment])).toEqual([
      [24, 'Worse too: time to first token is 241 ms, 17.9% from 204 ms.'],
      [
        26,
        'Throughput of all replicas is back at 20.1 req/s, two nights in a row.\nThroughput of one replica is back at 7.50 req/s, two nights in a row.',
      ],
      [28, 'Time to first token is back at 204 ms, two nights in a row.'],
    ]);
    expect(issues).toHaveLength(1);
  });

  it('names each figure, its change and where it changed', () => {
    const nights = [...good, ...[20, 21].map((at) => night(at, { all: 16.3, cost: 17.2 }, { vllm: 'vllm:b' }))];
    const [step] = alertSteps('default', nights, [], compare);
    expect(step?.title).toBe('default: 2 figures are worse');
    expect(step?.body).toContain(
      [
        '- Throughput of all replicas fell 18.9% (95% interval 18.9% to 18.9%), from 20.1 req/s to 16.3 req/s, in 2 nights, when the vLLM image changed from `vllm:a` to `vllm:b`.',
        '- Cost of a run rose 17.4% (95% interval 17.4% to 17.4%), from $14.65 to $17.20, in 2 nights, when the vLLM image changed from `vllm:a` to `vllm:b`.',
      ].join('\n'),
    );
    expect(step?.body.match(/Between the last good night/g)).toHaveLength(1);
  });

  it('accepts the level of its own figures alone', () => {
    const nights = [...good, night(20, { ttft: 240 }), night(21, { ttft: 240 })];
    const { issues } = simulate(nights, 12);
    Object.assign(issues[0]!, { open: false, accepted: true, closedAt: nights[21]!.ts });
    const later = [22, 23].map((at) => night(at, { ttft: 240, all: 16.3 }));
    const [step] = alertSteps('default', [...nights, ...later], issues, compare);
    expect(step).toMatchObject({ do: 'open', title: 'default: throughput of all replicas is worse' });
  });

  it('goes on with an issue that was about the speedup alone', () => {
    const mark = {
      series: 'default',
      subject: 'speed-up',
      ts: '2026-01-21T02:10:00.000Z',
      level: 2.68,
      fp: 'a',
      told: 0.2,
    };
    const old = parseMark(`<!-- tpu-serving-gate alert ${JSON.stringify(mark)} -->`);
    expect(old).toMatchObject({ subject: 'figures', levels: [{ id: 'speedup', level: 2.68, told: 0.2 }] });
    const known = [{ number: 3, open: true, accepted: false, closedAt: null, mark: old! }];
    const nights = [...good, night(20, { speedup: 2.1 }), night(21), night(22)];
    expect(alertSteps('default', nights, known, compare)).toMatchObject([{ do: 'close', number: 3 }]);
  });

  it('shows hostile text of a change point as code', () => {
    const vllm = 'x` @team | <img src=x>\n# y';
    const nights = [...good, ...[20, 21].map((at) => night(at, { all: 16.3 }, { vllm, vllmVersion: vllm }))];
    const [step] = alertSteps('default', nights, [], compare);
    expect(step?.body).toContain('to `x @team <img src=x> # y`');
    expect(step?.body).not.toMatch(/^# y/m);
  });
});

describe('the issue of a cause', () => {
  it('opens when two nights in a row end with it, and closes after two that do not', () => {
    const { log } = simulate(nightsOf(null, 2.68, null, null, null, 2.68, 2.69), 12);
    expect(log.map(([night, what]) => [night, what])).toEqual([
      [24, 'open cause gke.stockout'],
      [25, 'update cause gke.stockout'],
      [26, 'update cause gke.stockout'],
      [27, 'close cause gke.stockout'],
    ]);
  });

  it('is one for each cause', () => {
    const other = (index: number) => aNight(index, null, { cause: 'image.not-found' });
    const nights = [...nightsOf(null, null), other(22), other(23)];
    expect(simulate(nights, 12).log.map(([night, what]) => [night, what])).toEqual([
      [22, 'open cause gke.stockout'],
      [23, 'update cause gke.stockout'],
      [24, 'close cause gke.stockout'],
      [24, 'open cause image.not-found'],
    ]);
  });
});

describe('the text of an issue', () => {
  it('is code where it repeats what was recorded', () => {
    const hostile = '`@everyone` | <img src=x>\n# x';
    const nights = [aNight(1, null, { cause: hostile }), aNight(2, null, { cause: hostile })];
    const [step] = alertSteps('a` @team', nights, [], compare);
    expect(step?.body).toContain('`@everyone <img src=x> # x`');
    expect(step?.body).not.toMatch(/^#|`@everyone`/m);
  });

  it('begins with a mark that comes back', () => {
    const levels = [{ id: 'speedup', level: 2.7, told: 0.1 }];
    const mark = { series: 'a --> b', subject: 'figures', ts: 'now', cond: 'a', levels };
    const line = renderMark(mark);
    expect(line.indexOf('-->')).toBe(line.length - 3);
    expect(parseMark(`${line}\ntext`)).toEqual(mark);
    for (const other of ['', '<!-- tpu-serving-gate alert {"series":1} -->', '<!-- tpu-serving-gate alert {x} -->']) {
      expect(parseMark(other)).toBeNull();
    }
  });
});

describe('ten nights with a drop in the seventh, on the repository', () => {
  const folder = mkdtempSync(join(tmpdir(), 'alerts-'));
  let github: Awaited<ReturnType<typeof startGithub>>;
  beforeAll(async () => {
    github = await startGithub({ token: 'good', login: 'github-actions[bot]', repository: 'o/r', pullRequests: [] });
  });
  afterAll(async () => {
    await github.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('the issue opens on the eighth, and closes on the tenth', async () => {
    const env = { GITHUB_TOKEN: 'good', GITHUB_REPOSITORY: 'o/r', GITHUB_API_URL: github.apiUrl };
    const data = join(folder, 'data');
    const said: string[] = [];
    const night = async (index: number, speedup: number) => {
      const path = join(folder, 'result.json');
      const base = aReport({ benchmark: aBenchmark(speedup, 0.03) });
      const finishedAt = new Date(Date.UTC(2026, 9, 1 + index, 3)).toISOString();
      writeFileSync(path, JSON.stringify({ ...base, finishedAt, run: { ...base.run, id: String(index) } }));
      await command(['history', 'add', data, path], env, () => {});
      said.length = 0;
      expect(await command(['history', 'alert', data], env, (line) => said.push(line))).toBe(0);
      return said.join('\n');
    };
    for (let index = 0; index < 20; index += 1) await night(index, 2.68 + 0.01 * (index % 3));
    const ten = [2.68, 2.69, 2.7, 2.68, 2.69, 2.7, 2.2, 2.21, 2.68, 2.69];
    const told: string[] = [];
    for (const [index, speedup] of ten.entries()) told.push(await night(20 + index, speedup));
    const url = 'https://github.com/o/r/issues/100: default:';
    expect(told).toEqual([
      ...new Array(7).fill('default: nothing to say.'),
      `opened ${url} 3 figures are worse`,
      `updated ${url} 3 figures are worse`,
      `closed ${url} figures are as before`,
    ]);
    const record = (await (await fetch(`${github.controlUrl}/record`)).json()) as GithubRecord;
    expect(record.issues).toHaveLength(1);
    expect(record.issues[0]).toMatchObject({
      state: 'closed',
      body: expect.stringContaining('are as before: speedup, throughput'),
    });
    expect(record.comments.map(({ body }) => body)).toEqual([
      [
        'Speedup is back at 2.69×, two nights in a row.',
        'Throughput of all replicas is back at 20.1 req/s, two nights in a row.',
        'End-to-end latency p95 is back at 1,958 ms, two nights in a row.',
      ].join('\n'),
    ]);
  });

  it("a stranger's issue with our mark is none of ours", async () => {
    const real = await fetch(`${github.apiUrl}/repos/o/r/issues?state=all`, {
      headers: { authorization: 'token good' },
    });
    const [own] = (await real.json()) as { body: string; user: object }[];
    const body = own!.body.replace(/"ts":"[^"]+"/, '"ts":"2026-10-01T00:00:00Z"');
    const forged = { ...own!, body, number: 7, state: 'open', user: { login: 'stranger', type: 'User' } };
    const other = await startGithub(
      { token: 'good', login: 'github-actions[bot]', repository: 'o/r', pullRequests: [] },
      ({ method, path }) =>
        method === 'GET' && path.endsWith('/issues') ? { status: 200, body: [forged] } : undefined,
    );
    const env = { GITHUB_TOKEN: 'good', GITHUB_REPOSITORY: 'o/r', GITHUB_API_URL: other.apiUrl };
    await command(['history', 'alert', join(folder, 'data')], env, () => {});
    const record = (await (await fetch(`${other.controlUrl}/record`)).json()) as GithubRecord;
    expect(record.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
    await other.close();
  });
});
