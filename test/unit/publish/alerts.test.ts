import { expect, it } from 'vitest';
import type { GithubIssues, OwnIssue } from '../../../src/clients/github/issues.ts';
import { renderMark } from '../../../src/history/alert-mark.ts';
import { raiseAlerts } from '../../../src/publish/history.ts';
import { aNight } from '../history/records.ts';

const urlOf = (number: number) => `https://github.com/o/r/issues/${number}`;

/** Issues of a repository, with what was written to them. */
function repository() {
  const there: OwnIssue[] = [];
  const issues: GithubIssues = {
    list: async () => there,
    async create({ body }) {
      const number = 100 + there.length;
      const url = urlOf(number);
      there.unshift({ number, url, open: true, notPlanned: false, closedAt: null, body });
      return url;
    },
    async update(number, { body, state }) {
      const issue = there.find((one) => one.number === number) as OwnIssue;
      Object.assign(issue, {
        body,
        open: state === 'open',
        closedAt: state === 'open' ? null : '2026-01-20T00:00:00Z',
      });
      return issue.url;
    },
    comment: async () => {},
  };
  return { issues, there };
}

it('the issues that are open are told from those that were closed, whatever was done to them', async () => {
  const { issues, there } = repository();
  const mark = { series: 'other', subject: 'figures', ts: '2026-01-01T00:00:00Z', cond: null, levels: [] };
  there.push({ number: 7, url: urlOf(7), open: true, notPlanned: false, closedAt: null, body: renderMark(mark) });
  const speedups = [...Array.from({ length: 14 }, () => 2.7), 2.2, 2.2, 2.2, 2.7, 2.7, 2.2, 2.2];
  const nights = speedups.map((speedup, index) => aNight(index, speedup));
  const upTo = (count: number) =>
    raiseAlerts(issues, nights.slice(0, count), { series: 'default', page: 'https://github.com/o/r', write: () => {} });
  const issue = { subject: 'figures', url: urlOf(101) };
  expect(await upTo(15)).toEqual({ open: [], closed: [] });
  expect(await upTo(16)).toEqual({ open: [{ ...issue, change: 'opened' }], closed: [] });
  expect(await upTo(16)).toEqual({ open: [{ ...issue, change: 'none' }], closed: [] });
  expect(await upTo(17)).toEqual({ open: [{ ...issue, change: 'updated' }], closed: [] });
  expect(await upTo(19)).toEqual({ open: [], closed: [issue] });
  expect(await upTo(19)).toEqual({ open: [], closed: [] });
  expect(await upTo(21)).toEqual({ open: [{ ...issue, change: 'reopened' }], closed: [] });
});
