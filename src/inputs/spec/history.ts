import { boolean } from '../parsers/basic.ts';
import { historyBranch, historySeries, pageUrl, result, reuse } from '../parsers/publish.ts';
import type { InputRow } from '../row.ts';

/** What mode `report` publishes beside a comment, and the history that it is kept in. */
export const HISTORY = {
  'alert-issues': {
    group: 'history',
    key: 'alertIssues',
    parse: boolean,
    default: 'false',
    description: [
      'In mode `report`: open an issue when figures or a cause of failure are bad for two nights in a row. Close it after',
      'two good nights. It needs `issues: write`.',
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
    modes: ['validate', 'nightly', 'report'],
    description: [
      'In mode `report`: the branch that keeps a line for each run, such as `tpu-bench-data`. The gate creates it if it does',
      'not exist, and needs `contents: write`. It then also makes a page of the history, and the output `regression`. In modes',
      'that measure: the branch that `reuse: auto` reads, and whose last 30 nights the comment shows.',
    ].join(' '),
  },
  'history-series': {
    group: 'store',
    key: 'historySeries',
    parse: historySeries,
    default: 'default',
    modes: ['validate', 'nightly', 'report'],
    description: 'Which series of the history, in mode `report` and for `reuse: auto`.',
  },
  'page-url': {
    group: 'store',
    key: 'pageUrl',
    parse: pageUrl,
    description: [
      'Address at which the page of the history is published, such as `https://my-org.github.io/my-repo/`. With',
      '`history-branch` the comment links to it, at this run.',
    ].join(' '),
  },
  reuse: {
    group: 'store',
    key: 'reuse',
    parse: reuse,
    choices: ['never', 'auto'],
    default: 'never',
    modes: ['validate', 'nightly'],
    description: [
      'With `auto`, a run ends before the lease if the history has a pass or a fail of the same stack. That run has to be of',
      'the default branch and of the last 30 days. The gate reads `history-branch` and looks the runs up, which needs',
      '`contents: read` and `actions: read`. `never` measures each time.',
    ].join(' '),
  },
} as const satisfies Readonly<Record<string, InputRow>>;
