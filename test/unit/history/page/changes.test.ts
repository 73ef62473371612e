import { describe, expect, it } from 'vitest';
import { changePointsOf } from '../../../../src/history/page/changes.ts';
import type { HistoryRecord } from '../../../../src/history/record.ts';
import { aNight, fullNight, LEVELS, nightsOf } from '../records.ts';
import { shaOf, someNights } from './nights.ts';

describe('the change points of a history', () => {
  it('have what moved, what changed, and the commits between the nights', () => {
    expect(changePointsOf(someNights(60))).toEqual([
      {
        index: 30,
        key: '30/1/default',
        day: '31 Jan 2026',
        shifts: [
          expect.stringMatching(
            /^throughput of all replicas fell 1\d\.\d% .*, from (?:19|20)\.\d req\/s to 17\.\d req\/s, in 10 nights$/,
          ),
          expect.stringMatching(/^throughput of one replica fell 1\d\.\d% /),
        ],
        isWorse: true,
        changed: ['vLLM image: vllm:v1 → vllm:v2'],
        // The night before it died: its commit may not be the one.
        commits: {
          text: `${shaOf(28).slice(0, 7)}…${shaOf(30).slice(0, 7)}`,
          url: `https://github.com/acme/serving/compare/${shaOf(28)}...${shaOf(30)}`,
        },
      },
    ]);
  });

  it('are found where nothing of the stack changed, and once for each shift', () => {
    const figures = nightsOf(60, { sigma: 0.01, seed: 3 });
    const records = figures.map((night, index) =>
      fullNight(index, index < 40 ? night : { ...night, ttft: 1.3 * night.ttft }),
    );
    const changes = changePointsOf(records);
    expect(changes.map(({ index, shifts, changed }) => [index, shifts.length, changed])).toEqual([[40, 1, []]]);
    expect(changes[0]?.shifts[0]).toMatch(/^time to first token rose /);
    expect(changes[0]?.commits).toEqual({ text: 'the same commit c0ffee1', url: null });
  });

  it('have no shift in nights of one level', () => {
    const records = nightsOf(60, { sigma: 0.01, seed: 5 }).map((night, index) => fullNight(index, night));
    expect(changePointsOf(records)).toEqual([]);
  });

  it('name the flags of vLLM where nothing else differs, and take a run that died early for no change', () => {
    const withPrint = (index: number, fp: string) => {
      const night = fullNight(index, LEVELS);
      return { ...night, env: { ...night.env, fp } };
    };
    expect(changePointsOf([withPrint(0, 'a'), withPrint(1, 'b')])).toMatchObject([
      { index: 1, changed: ['the flags of vLLM'] },
    ]);
    const dead = aNight(1, null);
    expect(changePointsOf([withPrint(0, 'a'), { ...dead, env: { ...dead.env, fp: 'x' } }, withPrint(2, 'a')])).toEqual(
      [],
    );
  });

  it.each([
    ['another host', 'https://github.example/acme/serving/actions/runs/1'],
    ['no TLS', 'http://github.com/acme/serving/actions/runs/1'],
    ['a user name in front', 'https://github.com@evil.example/acme/serving/actions/runs/1'],
    ['a host that begins with it', 'https://github.com.evil.example/acme/serving/actions/runs/1'],
    ['a script', 'javascript:alert(1)//github.com/acme/serving/actions/runs/1'],
    ['a folder above', 'https://github.com/acme/../actions/runs/1'],
    ['markup', 'https://github.com/acme/"><img src=x>/actions/runs/1'],
    ['another page', 'https://github.com/acme/serving/issues/1'],
    ['no address', null],
  ])('link no compare page of %s', (_, url) => {
    expect(linksOf({ url })).toEqual([null]);
  });

  it('link no compare page of two repositories, or of a commit that is not one', () => {
    expect(linksOf({ sha: '../../evil' })).toEqual([null]);
    expect(linksOf({ sha: null })).toEqual([undefined]);
    expect(linksOf({ url: 'https://github.com/acme/other/actions/runs/1' })).toEqual([null]);
    expect(linksOf({})).toEqual([`https://github.com/acme/serving/compare/${shaOf(0)}...${shaOf(1)}`]);
  });

  /** Links of the change point between two nights, of which the newer one has a run of another kind. */
  function linksOf(run: Partial<HistoryRecord['run']>) {
    const [before, after] = someNights(2) as [HistoryRecord, HistoryRecord];
    const changes = changePointsOf([before, { ...after, run: { ...after.run, ...run } }]);
    return changes.map(({ commits }) => commits?.url);
  }
});
