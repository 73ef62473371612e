import type { HistoryRecord } from '../record.ts';

type Run = HistoryRecord['run'];

/** A text with an address of GitHub, or without one where the record does not have a trustworthy one. */
export interface Reference {
  text: string;
  url: string | null;
}

/** The page of a run. An owner has letters, digits and hyphens; a repository also has dots and underscores. */
const RUN_PAGE =
  /^https:\/\/github\.com\/([A-Za-z0-9][A-Za-z0-9-]{0,38})\/(?!\.{1,2}\/)([\w.-]{1,100})\/actions\/runs\/\d+(?:\/attempts\/\d+)?$/;
const SHA = /^[0-9a-f]{7,64}$/;

/** `https://github.com/<owner>/<repo>` of a run that has its page there; null for any other. */
function repositoryOf({ url }: Run): string | null {
  const [, owner, repo] = RUN_PAGE.exec(url ?? '') ?? [];
  return owner && repo ? `https://github.com/${owner}/${repo}` : null;
}

/** The commits between two runs, with GitHub's page of them. Null where one of the commits is not known. */
export function commitRange(before: Run, after: Run): Reference | null {
  const [from, to] = [before.sha, after.sha];
  if (from === null || to === null) return null;
  const names = [from, to].map((sha) => sha.slice(0, 7));
  if (from === to) return { text: `the same commit ${names[0]}`, url: null };
  const repository = repositoryOf(after);
  const isKnown = repository !== null && repository === repositoryOf(before) && SHA.test(from) && SHA.test(to);
  return { text: names.join('…'), url: isKnown ? `${repository}/compare/${from}...${to}` : null };
}

/**
 * The pull request of a run. Where the record has none it is the number at the end of the subject, where GitHub puts it when
 * it squashes.
 */
export function pullRequestOf(run: Run): Reference | null {
  const number = run.pullRequest ?? Number(/\(#(\d{1,9})\)$/.exec(run.subject ?? '')?.[1] ?? 0);
  if (!Number.isSafeInteger(number) || number <= 0) return null;
  const repository = repositoryOf(run);
  return { text: `#${number}`, url: repository && `${repository}/pull/${number}` };
}
