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

const PAGE = 100;
const PAGES = 5;

/** Issues of one repository. Needs `issues: write`; throws a Failure that says so. */
export function createGithubIssues(access: GithubAccess): GithubIssues {
  const [owner = '', repo = ''] = access.repository.split('/');
  const { rest } = octokitFor(access);
  const place = { owner, repo };
  const calling = callingWith(access, 'issues: write');
  /** A workflow's own token is nobody there: then a bot's issues are ours, and no stranger is a bot. */
  const login = () =>
    calling('asking who it is', async (inner) => {
      try {
        return (await rest.users.getAuthenticated({ request: { signal: inner } })).data.login;
      } catch (error) {
        if (statusOf(error) === 403) return null;
        throw error;
      }
    });
  return {
    async list() {
      const own = await login();
      const found: OwnIssue[] = [];
      for (let page = 1; page <= PAGES; page += 1) {
        const { data } = await calling('reading the issues', (inner) =>
          rest.issues.listForRepo({ ...place, state: 'all', per_page: PAGE, page, request: { signal: inner } }),
        );
        for (const issue of data) {
          const { user } = issue;
          if (issue.pull_request || (own === null ? user?.type !== 'Bot' : user?.login !== own)) continue;
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
      const { data } = await calling(
        'opening an issue',
        (inner) => rest.issues.create({ ...place, ...issue, request: { signal: inner } }),
        'once',
      );
      return data.html_url;
    },
    async update(number, change) {
      const { data } = await calling(`writing issue #${number}`, (inner) =>
        rest.issues.update({ ...place, ...change, issue_number: number, request: { signal: inner } }),
      );
      return data.html_url;
    },
    async comment(number, body) {
      await calling(
        `commenting on issue #${number}`,
        (inner) => rest.issues.createComment({ ...place, issue_number: number, body, request: { signal: inner } }),
        'once',
      );
    },
  };
}
