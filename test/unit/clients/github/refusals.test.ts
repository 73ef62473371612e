import { describe, expect, it } from 'vitest';
import { githubFailure } from '../../../../src/clients/github/errors.ts';

const refusal = (status: number, message: string, headers: Record<string, string> = {}) =>
  Object.assign(new Error(`${message} - https://docs.github.com/rest`), { status, response: { headers } });

type Wanted = [code: string, hint: RegExp];

const CASES: [string, Error, Wanted][] = [
  ['a token', refusal(401, 'Bad credentials'), ['github-token', /github-token/]],
  [
    'a permission',
    refusal(403, 'Resource not accessible by integration'),
    ['github-permission', /pull-requests: write/],
  ],
  [
    'a permission of a personal token',
    refusal(403, 'Resource not accessible by personal access token'),
    ['github-permission', /permissions:/],
  ],
  ['what is not shown', refusal(404, 'Not Found'), ['github-permission', /permissions:/]],
  ['a lock', refusal(403, 'Unable to create comment because issue is locked.'), ['github-locked', /Unlock/]],
  [
    'an archive',
    refusal(403, 'Repository was archived so is read-only.'),
    ['github-archived', /gh repo unarchive o\/r/],
  ],
  [
    'an address',
    refusal(
      403,
      'Although you appear to have the correct authorization credentials, the `o` organization has an IP allow list enabled, and your IP address is not permitted to access this resource.',
    ),
    ['github-ip-allow-list', /address/],
  ],
  [
    'single sign-on',
    refusal(
      403,
      'Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this organization.',
    ),
    ['github-saml', /SSO/],
  ],
  [
    'single sign-on by its header',
    refusal(403, 'Not now.', { 'x-github-sso': 'required; url=https://github.com/orgs/o/sso' }),
    ['github-saml', /SSO/],
  ],
  [
    'a ruleset',
    refusal(422, 'Repository rule violations found: Cannot update this protected ref.'),
    ['github-ruleset', /gh ruleset list --repo o\/r/],
  ],
  [
    'a protected branch',
    refusal(409, 'Changes must be made through a pull request.'),
    ['github-ruleset', /gh ruleset/],
  ],
  ['issues that are off', refusal(410, 'Issues are disabled for this repo'), ['github-disabled', /--enable-issues/]],
  ['a block', refusal(451, 'Repository access blocked'), ['github-blocked', /job summary/]],
  ['its rate', refusal(403, 'You have exceeded a secondary rate limit.'), ['github-rate-limit', /next run/]],
  [
    'a text that is too long',
    refusal(422, 'Validation Failed: body is too long (maximum is 65536 characters)'),
    ['github-rejected', /job summary/],
  ],
];

const OWN: [string, Error, string][] = [
  ['an unknown 403', refusal(403, 'The moon is in the wrong phase.'), 'github-refused'],
  ['a lock of another kind', refusal(403, 'The vault was bolted.'), 'github-refused'],
  ['a 418', refusal(418, 'I am a teapot'), 'github-refused'],
  ['a 400', refusal(400, 'Problems parsing JSON'), 'github-refused'],
  ['a fault', refusal(502, 'Server Error'), 'github-unavailable'],
];

describe('a refusal of GitHub', () => {
  it.each(CASES)('for %s', (_, error, [code, hint]) => {
    const failure = githubFailure(error, 'writing the comment', 'o/r');
    expect(failure).toMatchObject({ code, hint: expect.stringMatching(hint) });
    expect(`${failure.message} ${failure.hint}`).not.toMatch(/undefined|null/);
    if (!['github-permission'].includes(code)) expect(failure.hint).not.toContain('permissions:');
  });

  it.each(OWN)('for a reason of its own: %s', (_, error, code) => {
    const failure = githubFailure(error, 'writing the comment', 'o/r');
    expect(failure.code).toBe(code);
    expect(failure.message).toContain(error.message);
    expect(failure.hint).toBe('The result stands in the job summary.');
  });
});
