import { type Refusal, type RefusalRow, rowFor } from '../../lib/refusal.ts';

/** What a call was about. */
export interface GithubPlace {
  /** `owner/name` */
  repository: string;
  /** The line of a job's permissions that the call needs. */
  permission: string;
}

/** A row of GitHub, with what it says of the call before anything else. */
export interface GithubRow extends RefusalRow<GithubPlace> {
  /** `doing` in `repository`, for a sentence. */
  says: (doing: string, place: GithubPlace, refusal: Refusal) => string;
}

/** Stands for the reason where an answer has the header of single sign-on. */
export const SSO = 'SSO_REQUIRED';

const STANDS = 'The result stands in the job summary.';

/**
 * What a refusal of GitHub means. Statuses are those of HTTP; reasons are GraphQL's types; sentences are those of GitHub's
 * REST API. It refuses with 403 for a dozen causes, and only some of them are permissions.
 */
export const GITHUB_REFUSALS: readonly GithubRow[] = [
  {
    code: 'github-saml',
    next: 'final',
    reasons: [SSO],
    words: /SAML enforcement|single sign-on/i,
    says: (doing, { repository }) =>
      `The organisation of ${repository} requires single sign-on for the token, for ${doing}.`,
    remedy: () =>
      'Authorise the token for the organisation (Configure SSO, in its settings), or use the job’s own token.',
  },
  {
    code: 'github-ip-allow-list',
    next: 'final',
    words: /IP allow list/i,
    says: (doing, { repository }) =>
      `The IP allow list of ${repository}'s organisation keeps the runner out, for ${doing}.`,
    remedy: () => 'Add the runner’s address to the list, or use a runner whose address is on it.',
  },
  {
    code: 'github-archived',
    next: 'final',
    words: /archived so is read-only|repository (?:was|is|has been) archived/i,
    says: (doing, { repository }) => `${repository} is archived and read-only: ${doing} is refused.`,
    remedy: (_, { repository }) => `Unarchive it: gh repo unarchive ${repository}`,
  },
  {
    code: 'github-locked',
    next: 'final',
    words: /(?:issue|conversation|pull request) is locked|locked (?:issue|conversation)/i,
    says: (doing, { repository }) => `The conversation is locked: ${doing} in ${repository} is refused.`,
    remedy: () => `Unlock the conversation of the pull request, or leave it: ${STANDS.toLowerCase()}`,
  },
  {
    code: 'github-ruleset',
    next: 'final',
    words: /rule violations? found|protected (?:ref|branch)|ruleset|changes must be made through a pull request/i,
    says: (doing, { repository }, { text }) => `A ruleset of ${repository} refuses ${doing}: ${text}`,
    remedy: (_, { repository }) =>
      `Let the token's identity bypass the rule for this branch: gh ruleset list --repo ${repository}`,
  },
  {
    code: 'github-blocked',
    next: 'final',
    statuses: [403, 451],
    words: /access blocked|unavailable due to|account was suspended|billing/i,
    says: (doing, { repository }, { text }) => `GitHub has blocked ${repository}, for ${doing}: ${text}`,
    remedy: () => STANDS,
  },
  {
    code: 'github-disabled',
    next: 'final',
    statuses: [404, 410],
    words: /issues (?:are|has been|have been) disabled|(?:is|are) disabled/i,
    says: (doing, { repository }) => `${repository} has the feature disabled that ${doing} needs.`,
    remedy: (_, { repository }) => `Enable issues: gh repo edit ${repository} --enable-issues`,
  },
  {
    code: 'github-token',
    next: 'final',
    statuses: [401],
    says: (doing, { repository }) => `GitHub refused the token for ${doing} in ${repository} (401).`,
    remedy: () => 'Leave the input `github-token` at its default, or pass a token that has not expired.',
  },
  {
    code: 'github-permission',
    next: 'final',
    reasons: ['FORBIDDEN', 'INSUFFICIENT_SCOPES'],
    statuses: [403],
    words:
      /not accessible by|must authenticate via a GitHub App|must have (?:admin|push|write|maintain)|insufficient (?:scopes|permission)|token .* (?:scope|permission)|write access to .* not granted/i,
    says: notAllowed,
    remedy: permissions,
  },
  { code: 'github-permission', next: 'final', statuses: [404], says: notAllowed, remedy: permissions },
  {
    code: 'github-rejected',
    next: 'final',
    statuses: [422],
    says: notAccepted,
    remedy: () => STANDS,
  },
];

function notAllowed(doing: string, { repository }: GithubPlace, { status }: Refusal): string {
  return `The token may not be used for ${doing} in ${repository} (${status}).`;
}

/** The sentence for what no row fits. */
export function notAccepted(doing: string, { repository }: GithubPlace, { text }: Refusal): string {
  return `GitHub did not accept ${doing} in ${repository}: ${text}`;
}

function permissions(_: Refusal, { permission }: GithubPlace): string {
  return (
    `Add these two lines to the job:\npermissions:\n  ${permission}\n` +
    'A pull request from a fork gets a read-only token whatever is written there.'
  );
}

/** The row that fits a refusal; null for a reason of its own. */
export function githubRow(refusal: Refusal): GithubRow | null {
  return rowFor(GITHUB_REFUSALS, refusal);
}
