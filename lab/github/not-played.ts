import type { ApiRequest, Reply } from '../google/http.ts';

/** What the lab does not imitate: a 404 that names the lab, so that nobody takes it for GitHub's. */
export function notPlayed({ method, path }: ApiRequest): Reply {
  const body = {
    message: `The lab does not play ${method} ${path}.`,
    documentation_url: 'https://docs.github.com/rest',
    status: '404',
  };
  return { status: 404, body };
}
