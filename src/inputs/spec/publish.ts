import { boolean, integer, oneOf, optional, plain } from '../parsers/basic.ts';
import { commentId, failOn } from '../parsers/publish.ts';
import type { InputRow } from '../row.ts';

/** Where the result goes. */
export const PUBLISH = {
  comment: {
    group: 'comment',
    key: 'comment',
    ...oneOf(['auto', 'always', 'on-failure', 'off']),
    default: 'auto',
    description: [
      'Comment on the pull request: `always`, `on-failure`, `off`, or `auto`. `auto` comments if there is a pull request',
      'and a permission. Otherwise it logs the reason.',
    ].join(' '),
  },
  'check-run': {
    group: 'comment',
    key: 'checkRun',
    ...oneOf(['auto', 'off']),
    default: 'auto',
    description: [
      'A check run of its own with the verdict, neutral where nothing is decided, and with annotations at the lines of a',
      'cause. `auto` writes it where the token has `checks: write`, and logs that it has not; `off` writes none.',
    ].join(' '),
  },
  'comment-id': {
    group: 'comment',
    key: 'commentId',
    parse: commentId,
    description: [
      'Separates the comments of several gates on one pull request. The default is made of workflow, job, and what is',
      'measured where. So each leg of a matrix has its own comment.',
    ].join(' '),
  },
  'pr-number': {
    group: 'comment',
    key: 'prNumber',
    parse: optional(integer(1, 2_147_483_647)),
    description: 'Pull request to comment on. Default: the one of the event.',
  },
  summary: {
    group: 'comment',
    key: 'summary',
    parse: boolean,
    default: 'true',
    description: 'Write the report to the job summary.',
  },
  'fail-on': {
    group: 'report',
    key: 'failOn',
    parse: failOn,
    default: 'fail,inconclusive,invalid,error',
    description:
      'Verdicts that fail the job: any of `fail`, `inconclusive`, `invalid` and `error` with commas, or `never`.',
  },
  'output-dir': {
    group: 'report',
    key: 'outputDir',
    parse: plain,
    description: "Folder for the report's files. Default: a folder below the runner's temporary folder.",
  },
  'github-token': {
    group: 'token',
    key: 'githubToken',
    parse: plain,
    actionDefault: `\${{ github.token }}`,
    description: 'Token for the comment. It needs `pull-requests: write`.',
    sweepDescription:
      'Token for the issue. With `actions: read` it also shows runs that have ended before their lease.',
  },
} as const satisfies Readonly<Record<string, InputRow>>;
