import { boolean } from '../parsers/basic.ts';
import { historyBranch, historySeries, result } from '../parsers/publish.ts';
import type { InputRow } from '../row.ts';

/** What mode `report` publishes beside a comment. */
export const HISTORY = {
  'alert-issues': {
    group: 'history',
    key: 'alertIssues',
    parse: boolean,
    default: 'false',
    description: [
      'In mode `report`: open an issue for a drop, or a cause, of two nights in a row, and close it after two good',
      'ones; needs `issues: write`.',
    ].join(' '),
  },
  /** Empty: the history alone is read. */
  result: {
    group: 'history',
    key: 'result',
    parse: result,
    description: 'In mode `report`: the `result.json` of a run, such as its artifact has.',
  },
  /** Empty for no history. */
  'history-branch': {
    group: 'history',
    key: 'historyBranch',
    parse: historyBranch,
    description: [
      'In mode `report`: branch that keeps a line for each run, made where there is none, such as',
      '`tpu-bench-data`; needs `contents: write`. With it a page of the history is made, and the output',
      '`regression`.',
    ].join(' '),
  },
  'history-series': {
    group: 'history',
    key: 'historySeries',
    parse: historySeries,
    default: 'default',
    description: 'In mode `report`: which series of the history.',
  },
} as const satisfies Readonly<Record<string, InputRow>>;
