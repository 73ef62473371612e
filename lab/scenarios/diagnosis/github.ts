import type { DiagnosisScenario } from '../types.ts';
import { error } from './shared.ts';

interface Row {
  name: string;
  summary: string;
  status: number;
  message: string;
  headers?: Readonly<Record<string, string>>;
  /** Of the gate's warning in its log. */
  warns: string;
}

/** Sentences of GitHub's REST API, as public reports quote them. */
const ROWS: readonly Row[] = [
  {
    name: 'github-locked',
    summary: 'the conversation of the pull request is locked',
    status: 403,
    message: 'Unable to create comment because issue is locked.',
    warns: 'locked',
  },
  {
    name: 'github-archived',
    summary: 'the repository is archived',
    status: 403,
    message: 'Repository was archived so is read-only.',
    warns: 'gh repo unarchive octo/serving',
  },
  {
    name: 'github-ip-allow-list',
    summary: 'the organisation’s IP allow list keeps the runner out',
    status: 403,
    message:
      'Although you appear to have the correct authorization credentials, the `octo` organization has an IP allow list enabled, and your IP address is not permitted to access this resource.',
    warns: 'IP allow list',
  },
  {
    name: 'github-saml',
    summary: 'the organisation wants single sign-on for the token',
    status: 403,
    message:
      'Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this organization.',
    headers: { 'x-github-sso': 'required; url=https://github.com/orgs/octo/sso' },
    warns: 'single sign-on',
  },
  {
    name: 'github-read-only',
    summary: 'the token may not write comments',
    status: 403,
    message: 'Resource not accessible by integration',
    warns: 'pull-requests: write',
  },
  {
    name: 'github-own-reason',
    summary: 'GitHub refuses the comment for a reason that nobody has seen',
    status: 403,
    message: 'The moon is in the wrong phase.',
    warns: 'The moon is in the wrong phase.',
  },
];

/** The limit of the cost: a cause that needs no nodes, and that a comment would tell. */
const CAUSE = 'config.max-cost';

/**
 * GitHub refuses the comment of a run that has a cause of its own. The cause stays, and the log has GitHub's reason with
 * its remedy.
 */
export const GITHUB_SCENARIOS: readonly DiagnosisScenario[] = ROWS.map(
  ({ name, summary, status, message, headers, warns }) => ({
    name,
    summary,
    expect: error(CAUSE),
    flags: ['--max-cost=2'],
    github: {
      refused: [
        {
          call: 'POST /repos/[^/]+/[^/]+/issues/\\d+/comments',
          status,
          body: { message, documentation_url: 'https://docs.github.com/rest', status: String(status) },
          ...(headers && { headers }),
        },
      ],
    },
    warns: [warns],
  }),
);
