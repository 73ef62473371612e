import { CHECK_RUN, CHECK_RUNS } from './answers.ts';
import { octokitFor } from './octokit.ts';
import { callingWith, type GithubAccess } from './retry.ts';

/** A line that a check run points at. */
export interface CheckAnnotation {
  /** Relative to the root of the repository. */
  path: string;
  /** 1-based. */
  line: number;
  level: 'failure' | 'warning';
  title: string;
  message: string;
}

/** A check run that has ended. */
export interface CheckRun {
  name: string;
  /** The commit. */
  sha: string;
  /** Identifies the run that wrote it, so that its post step finds it again. */
  externalId: string;
  conclusion: 'success' | 'failure' | 'neutral' | 'cancelled';
  /** Page of the workflow run; null for none. */
  url: string | null;
  title: string;
  /** Markdown, at most 65,535 characters. */
  summary: string;
  annotations: readonly CheckAnnotation[];
}

/** GitHub takes so many annotations in one call. */
const MOST_ANNOTATIONS = 50;

/**
 * Writes a check run on a commit, or brings the one with its name and external id up to date. Returns its address; null
 * where GitHub names none. Needs `checks: write`, which only the token of an app has; throws a Failure without it.
 */
export async function writeCheckRun(access: GithubAccess, run: CheckRun): Promise<string | null> {
  const [owner = '', repo = ''] = access.repository.split('/');
  const { checks } = octokitFor(access).rest;
  const place = { owner, repo };
  const calling = callingWith(access, 'checks: write');
  const found = await calling('reading the check runs of the commit', CHECK_RUNS, (signal) =>
    checks.listForRef({ ...place, ref: run.sha, check_name: run.name, filter: 'all', request: { signal } }),
  );
  const own = found.check_runs.find(({ external_id: id }) => id === run.externalId);
  const { title, summary, conclusion } = run;
  const end = { status: 'completed' as const, conclusion, ...(run.url ? { details_url: run.url } : {}) };
  const written = own
    ? // GitHub adds annotations to those that are there.
      await calling('updating the check run', CHECK_RUN, (signal) =>
        checks.update({ ...place, check_run_id: own.id, ...end, output: { title, summary }, request: { signal } }),
      )
    : await calling(
        'writing a check run',
        CHECK_RUN,
        (signal) =>
          checks.create({
            ...place,
            ...end,
            name: run.name,
            head_sha: run.sha,
            external_id: run.externalId,
            output: { title, summary, annotations: run.annotations.slice(0, MOST_ANNOTATIONS).map(annotationOf) },
            request: { signal },
          }),
        'once',
      );
  return written.html_url ?? null;
}

function annotationOf({ path, line, level, title, message }: CheckAnnotation) {
  return { path, start_line: line, end_line: line, annotation_level: level, title, message };
}
