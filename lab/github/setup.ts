import type { ApiRequest, Reply } from '../google/http.ts';
import type { GithubRepository } from '../protocol.ts';
import { userJson } from './rest-json.ts';

/**
 * What a repository was set up with: files of the default branch, environments, variables, labels, and whether the branch
 * is protected. Shapes from docs.github.com/rest. Undefined for any other call.
 */
export function setupApi(
  { method, path: full }: ApiRequest,
  path: string,
  { files, environments, variables, labels, protectedBranches }: GithubRepository,
  apiUrl: string,
): Reply | undefined {
  if (method !== 'GET') return undefined;
  const file = after('/contents/', path);
  if (file !== null) return file in files ? ok(fileJson(file, files[file] ?? '', apiUrl + full)) : notFound();
  const environment = after('/environments/', path);
  if (environment !== null) {
    const reviewers = environments[environment];
    return reviewers ? ok(environmentJson(environment, reviewers, apiUrl)) : notFound();
  }
  const variable = after('/actions/variables/', path);
  if (variable !== null) {
    return variable in variables ? ok({ name: variable, value: variables[variable] }) : notFound();
  }
  const label = after('/labels/', path);
  if (label !== null) return labels.includes(label) ? ok({ id: 1, name: label, color: 'ededed' }) : notFound();
  const branch = after('/branches/', path);
  if (branch !== null) return ok({ name: branch, protected: protectedBranches.includes(branch) });
  return undefined;
}

function after(prefix: string, path: string): string | null {
  return path.startsWith(prefix) ? decodeURIComponent(path.slice(prefix.length)) : null;
}

/** GitHub breaks the lines of base64. */
function fileJson(path: string, text: string, url: string) {
  const content = Buffer.from(text).toString('base64').replace(/.{60}/g, '$&\n');
  return { type: 'file', encoding: 'base64', size: text.length, name: path.split('/').at(-1), path, content, url };
}

function environmentJson(name: string, reviewers: readonly string[], apiUrl: string) {
  const people = reviewers.map((login) => ({ type: 'User', reviewer: userJson(login, apiUrl) }));
  const rule = { id: 3736, type: 'required_reviewers', prevent_self_review: false, reviewers: people };
  return {
    id: 161_088_068,
    name,
    protection_rules: reviewers.length > 0 ? [rule] : [],
    deployment_branch_policy: null,
  };
}

const ok = (body: unknown): Reply => ({ status: 200, body });
const notFound = (): Reply => ({ status: 404, body: { message: 'Not Found', status: '404' } });
