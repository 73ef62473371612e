import { boolean } from '../parsers/basic.ts';
import { historyBranch, historySeries, result, reuse } from '../parsers/publish.ts';
import type { InputRow } from '../row.ts';

/** What mode `report` publishes beside a comment, and the history that it is kept in. */
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
    group: 'store',
    key: 'historyBranch',
    parse: historyBranch,
    description: [
      'In mode `report`: branch that keeps a line for each run, created if it does not exist, such as',
      '`tpu-bench-data`; needs `contents: write`. With it a page of the history is made, and the output',
      '`regression`. In modes that measure: the branch that `reuse: auto` reads.',
    ].join(' '),
  },
  'history-series': {
    group: 'store',
    key: 'historySeries',
    parse: historySeries,
    default: 'default',
    description: 'Which series of the history, in mode `report` and for `reuse: auto`.',
  },
  reuse: {
    group: 'store',
    key: 'reuse',
    parse: reuse,
    choices: ['never', 'auto'],
    default: 'never',
    description: [
      'With `auto` a run ends before the lease where the history has a pass or a fail of the same stack, measured on the',
      'default branch in the last 30 days. `history-branch` is read, and the runs are looked up, which needs',
      '`contents: read` and `actions: read`. `never` measures each time.',
    ].join(' '),
  },
} as const satisfies Readonly<Record<string, InputRow>>;
