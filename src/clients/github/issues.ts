import type { Wanted } from '../../lib/decode.ts';
import { ISSUES, USER, WRITTEN, WRITTEN_ISSUE } from './answers.ts';
import { statusOf } from './errors.ts';
import { octokitFor } from './octokit.ts';
import { callingWith, type GithubAccess } from './retry.ts';

export interface OwnIssue {
  number: number;
  url: string;
  open: boolean;
  /** Closed as not planned. */
  notPlanned: boolean;
  closedAt: string | null;
  body: string;
}

export interface GithubIssues {
  /** Issues that this token's identity wrote, newest first; pull requests are not among them. */
  list(): Promise<OwnIssue[]>;
  /** The address of the new issue. Tried once: after an unclear answer a second try could double it. */
  create(issue: { title: string; body: string }): Promise<string>;
  update(number: number, change: { title: string; body: string; state: 'open' | 'closed' }): Promise<string>;
  comment(number: number, body: string): Promise<void>;
}

/** What a token is that is nobody. */
const NOBODY = { data: { login: null } };
const WHO: Wanted<{ login: string | null }> = {
  noun: USER.noun,
  decode: (value, path) => (value === NOBODY.data ? NOBODY.data : USER.decode(value, path)),
};

const PAGE = 100;
const PAGES = 5;

/** Issues of one repository. Needs `issues: write`; throws a Failure that names the permission. */
export function createGithubIssues(access: GithubAccess): GithubIssues {
  const [owner = '', repo = ''] = access.repository.split('/');
  const { rest } = octokitFor(access);
  const place = { owner, repo };
  const calling = callingWith(access, 'issues: write');
  /** A workflow's own token is nobody there: then a bot's issues are ours, and no stranger is a bot. */
  const login = () =>
    calling('asking who it is', WHO, async (inner) => {
      try {
        return await rest.users.getAuthenticated({ request: { signal: inner } });
      } catch (error) {
        if (statusOf(error) === 403) return NOBODY;
        throw error;
      }
    });
  return {
    async list() {
      const own = await login();
      const found: OwnIssue[] = [];
      for (let page = 1; page <= PAGES; page += 1) {
        const data = await calling('reading the issues', ISSUES, (inner) =>
          rest.issues.listForRepo({ ...place, state: 'all', per_page: PAGE, page, request: { signal: inner } }),
        );
        for (const issue of data) {
          const { user } = issue;
          if (issue.pull_request || (own.login === null ? user?.type !== 'Bot' : user?.login !== own.login)) continue;
          found.push({
            number: issue.number,
            url: issue.html_url,
            open: issue.state === 'open',
            notPlanned: issue.state_reason === 'not_planned',
            closedAt: issue.closed_at ?? null,
            body: issue.body ?? '',
          });
        }
        if (data.length < PAGE) break;
      }
      return found;
    },
    async create(issue) {
      const { html_url: url } = await calling(
        'opening an issue',
        WRITTEN_ISSUE,
        (inner) => rest.issues.create({ ...place, ...issue, request: { signal: inner } }),
        'once',
      );
      return url;
    },
    async update(number, change) {
      const { html_url: url } = await calling(`writing issue #${number}`, WRITTEN_ISSUE, (inner) =>
        rest.issues.update({ ...place, ...change, issue_number: number, request: { signal: inner } }),
      );
      return url;
    },
    async comment(number, body) {
      await calling(
        `commenting on issue #${number}`,
        WRITTEN,
        (inner) => rest.issues.createComment({ ...place, issue_number: number, body, request: { signal: inner } }),
        'once',
      );
    },
  };
}
