import { renderSummary } from '../comment/summary.ts';
import { linksOf } from '../money.ts';
import { always, type Format } from './format.ts';

export const SUMMARY_FILE = 'summary.md';

/** The job summary. */
export const summaryFormat: Format = {
  name: 'summary',
  file: SUMMARY_FILE,
  applies: always,
  render: (report) => renderSummary(report, { reportLinks: linksOf(report) }),
};
