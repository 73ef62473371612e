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
      'Comment on the pull request: `always`, `on-failure`, `off`, or `auto`, which comments where there is a pull',
      'request and a permission, and says so otherwise.',
    ].join(' '),
  },
  'comment-id': {
    group: 'comment',
    key: 'commentId',
    parse: commentId,
    description: [
      'Separates the comments of several gates on one pull request. Default: workflow, job, and what is measured',
      'where, so that each leg of a matrix has its own.',
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
    description: 'Token for the comment; needs `pull-requests: write`.',
    sweepDescription:
      'Token for the issue, and with `actions: read` for seeing that a run has ended before its lease has.',
  },
} as const satisfies Readonly<Record<string, InputRow>>;
