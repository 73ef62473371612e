import { getOctokit } from '@actions/github';

/** GitHub's client for a token; `apiUrl` is the base of the REST API, as in GITHUB_API_URL. */
export function octokitFor({ token, apiUrl }: { token: string; apiUrl: string | undefined }) {
  return getOctokit(token, apiUrl ? { baseUrl: apiUrl.replace(/\/$/, '') } : {});
}
