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
      'On `issue_comment`: the commit under test, which mode `command` has read once. The run ends as superseded when it',
      'is no longer the head of the pull request.',
    ].join(' '),
  },
  /** Empty to take a command up. */
  'command-verdict': {
    group: 'command',
    key: 'commandVerdict',
    parse: plain,
    description: [
      'In mode `command`, after the measurement: its verdict, or the result of its job where it has none. It becomes',
      'the status of the commit and a reaction to the comment. Empty to take a command up.',
    ].join(' '),
  },
} as const satisfies Readonly<Record<string, InputRow>>;
