import { plain } from '../parsers/basic.ts';
import { headSha } from '../parsers/publish.ts';
import type { InputRow } from '../row.ts';

/** What a comment on a pull request has asked for. */
export const COMMAND = {
  /** The commit under test where the event is a comment, whose payload does not name it. Empty for none. */
  'head-sha': {
    group: 'comment',
    key: 'headSha',
    parse: headSha,
    description: [
      'On `issue_comment`: the commit under test, as mode `command` has read it once. The run ends as superseded when it',
      'is no longer the head of the pull request.',
    ].join(' '),
  },
  /** Empty to act on a command. */
  'command-verdict': {
    group: 'command',
    key: 'commandVerdict',
    parse: plain,
    description: [
      'In mode `command`, after the measurement: its verdict, or else the result of its job. The gate sets the',
      'status of the commit and a reaction to the comment by it. Empty before the measurement.',
    ].join(' '),
  },
} as const satisfies Readonly<Record<string, InputRow>>;
