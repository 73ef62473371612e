import type { GithubConfig } from '../protocol.ts';
import type { Comment } from './comments.ts';

const WEB = 'https://github.com';
/** The commit at the head of a pull request that nobody has pushed to. */
const HEAD_SHA = 'c0ffee1'.padEnd(40, '0');

/** GitHub's opaque global ids: a prefix per type and an encoded number. */
export function nodeId(prefix: string, id: number): string {
  return `${prefix}_${Buffer.from(`lab:${id}`).toString('base64url')}`;
}

export function commentUrl(comment: Comment, repository: string): string {
  return `${WEB}/${repository}/pull/${comment.pullRequest}#issuecomment-${comment.id}`;
}

export function commentJson(comment: Comment, config: GithubConfig, apiUrl: string) {
  const base = `${apiUrl}/repos/${config.repository}/issues`;
  return {
    id: comment.id,
    node_id: nodeId('IC', comment.id),
    url: `${base}/comments/${comment.id}`,
    html_url: commentUrl(comment, config.repository),
    issue_url: `${base}/${comment.pullRequest}`,
    user: userJson(comment.author, apiUrl),
    author_association: comment.author === config.login ? 'CONTRIBUTOR' : 'NONE',
    body: comment.body,
    created_at: comment.createdAt,
    updated_at: comment.updatedAt,
    performed_via_github_app: null,
  };
}

export function userJson(login: string, apiUrl: string): Record<string, unknown> {
  const id = [...login].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 100_000_000, 7);
  return {
    login,
    id,
    node_id: nodeId(login.endsWith('[bot]') ? 'BOT' : 'U', id),
    url: `${apiUrl}/users/${encodeURIComponent(login)}`,
    html_url: `${WEB}/${login.endsWith('[bot]') ? `apps/${login.slice(0, -5)}` : login}`,
    type: login.endsWith('[bot]') ? 'Bot' : 'User',
    site_admin: false,
  };
}

export function repositoryJson(config: GithubConfig, apiUrl: string): Record<string, unknown> {
  const [owner = '', name = ''] = config.repository.split('/');
  return {
    id: 812_345_678,
    node_id: nodeId('R', 812_345_678),
    name,
    full_name: config.repository,
    private: true,
    visibility: 'private',
    fork: false,
    owner: { ...userJson(owner, apiUrl), type: 'Organization' },
    url: `${apiUrl}/repos/${config.repository}`,
    html_url: `${WEB}/${config.repository}`,
    default_branch: 'main',
  };
}

export function pullRequestJson(number: number, config: GithubConfig, apiUrl: string): Record<string, unknown> {
  const repo = repositoryJson(config, apiUrl);
  const fork = config.forks?.[number];
  const headRepo = fork === undefined ? repo : repositoryJson({ ...config, repository: fork }, apiUrl);
  const id = 2_200_000_000 + number;
  return {
    id,
    node_id: nodeId('PR', id),
    number,
    state: 'open',
    draft: false,
    merged: false,
    locked: false,
    title: `Pull request ${number}`,
    url: `${apiUrl}/repos/${config.repository}/pulls/${number}`,
    html_url: `${WEB}/${config.repository}/pull/${number}`,
    user: userJson('octocat', apiUrl),
    head: { ref: `change-${number}`, sha: config.heads?.[number] ?? HEAD_SHA, repo: headRepo },
    base: { ref: 'main', sha: '0c1f2a7d1d1a0f7f5c4dd6a1cf5ad9f8e1a4b3c2', repo },
    labels: [],
  };
}
