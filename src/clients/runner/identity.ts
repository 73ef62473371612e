import { readFileSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import type { GateSource } from '../../lib/gate-files.ts';
import { REPOSITORY, VERSION } from '../../lib/version.ts';
import type { RunIdentity } from '../../report/model.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Who asked for this run, from the runner's variables and the event payload; on the command line mostly null. */
export function runIdentity(env: Env, overrides: { pullRequest: number | null; headSha?: string }): RunIdentity {
  const event = eventPayload(env);
  const commented = overrides.headSha ? commentedPull(event) : null;
  const id = env.GITHUB_RUN_ID ?? `local-${process.pid}`;
  const server = env.GITHUB_SERVER_URL ?? 'https://github.com';
  // On pull_request GITHUB_SHA is the merge commit; the reviewer knows the head.
  const sha = event.pull_request?.head?.sha ?? (overrides.headSha || env.GITHUB_SHA) ?? null;
  return {
    url: env.GITHUB_RUN_ID && env.GITHUB_REPOSITORY ? `${server}/${env.GITHUB_REPOSITORY}/actions/runs/${id}` : null,
    id,
    attempt: Number(env.GITHUB_RUN_ATTEMPT ?? 1) || 1,
    number: Number(env.GITHUB_RUN_NUMBER ?? 0) || 0,
    event: env.GITHUB_EVENT_NAME ?? null,
    repository: env.GITHUB_REPOSITORY ?? null,
    workflow: env.GITHUB_WORKFLOW ?? null,
    job: env.GITHUB_JOB ?? null,
    sha,
    ref: env.GITHUB_HEAD_REF || env.GITHUB_REF_NAME || null,
    pullRequest:
      overrides.pullRequest ??
      event.pull_request?.number ??
      commented ??
      event.workflow_run?.pull_requests?.[0]?.number ??
      null,
    ...commitSubject(event, sha),
    ...(env.GITHUB_BASE_REF ? { baseRef: env.GITHUB_BASE_REF } : {}),
  };
}

/** First line of the message of a commit, from an event that carries it; nothing for any other event. */
function commitSubject({ head_commit: pushed, workflow_run: run }: EventPayload, sha: string | null) {
  const commit = [pushed, run?.head_commit].find((each) => each?.id !== undefined && each.id === sha);
  const subject = typeof commit?.message === 'string' ? commit.message.trim().split('\n')[0]?.trim() : '';
  return subject ? { subject } : {};
}

/** The workflow run that this event is about, as far as the event has it; nothing for other events. */
export function reportedRun(env: Env): Partial<Pick<RunIdentity, 'url' | 'number' | 'attempt'>> {
  const { html_url: url, run_number: number, run_attempt: attempt } = eventPayload(env).workflow_run ?? {};
  return {
    ...(typeof url === 'string' && url.startsWith(`${repositoryPage(env)}/`) ? { url } : {}),
    ...(isCount(number) ? { number } : {}),
    ...(isCount(attempt) ? { attempt } : {}),
  };
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0;

/**
 * The pull request of this event with the commit that was its head then; null for any other event. Of a comment on a pull
 * request the commit is the one that is given, since the event has none.
 */
export function eventHead(env: Env, headSha = ''): { pullRequest: number; sha: string } | null {
  const event = eventPayload(env);
  const commented = headSha === '' ? null : commentedPull(event);
  if (commented !== null) return { pullRequest: commented, sha: headSha };
  const { number, head } = event.pull_request ?? {};
  return number === undefined || head?.sha === undefined ? null : { pullRequest: number, sha: head.sha };
}

/**
 * The pull request of this event when its head lies in another repository than its base, or in one that is gone; null
 * otherwise. Whoever sent it is not known to the repository, whatever event runs the workflow.
 */
export function forkOf(env: Env): { pullRequest: number | null; workflow: string | null } | null {
  const { pull_request: pull } = eventPayload(env);
  if (!pull?.head || pull.head.repo === undefined) return null;
  const base = pull.base?.repo?.full_name ?? env.GITHUB_REPOSITORY;
  if (pull.head.repo?.full_name === base) return null;
  // `o/r/.github/workflows/gate.yml@refs/pull/7/merge`
  const workflow = /\/\.github\/workflows\/([^@/]+)@/.exec(env.GITHUB_WORKFLOW_REF ?? '')?.[1] ?? null;
  return { pullRequest: pull.number ?? null, workflow };
}

/** The pull request that was commented on; null for an issue and for any other event. */
function commentedPull({ comment, issue }: EventPayload): number | null {
  return comment && issue?.pull_request && isCount(issue.number) ? issue.number : null;
}

/** A comment on a pull request. Its text and its author are a stranger's. */
export interface CommandComment {
  id: number;
  body: string;
  /** Login. */
  author: string;
  pullRequest: number;
}

/** The comment that this event is about, when it is new and on a pull request; null otherwise. */
export function commandComment(env: Env): CommandComment | null {
  const event = eventPayload(env);
  const pullRequest = commentedPull(event);
  const { id, body, user } = event.comment ?? {};
  if (env.GITHUB_EVENT_NAME !== 'issue_comment' || event.action !== 'created' || pullRequest === null) return null;
  if (!isCount(id) || typeof body !== 'string' || typeof user?.login !== 'string') return null;
  return { id, body, author: user.login, pullRequest };
}

/** Whether this run is of the default branch of its repository; false where the event does not name that branch. */
export function isOfDefaultBranch(env: Env): boolean {
  const { default_branch: branch } = eventPayload(env).repository ?? {};
  return typeof branch === 'string' && branch !== '' && env.GITHUB_REF === `refs/heads/${branch}`;
}

interface Commit {
  id?: unknown;
  message?: unknown;
}

interface EventPayload {
  repository?: { default_branch?: unknown };
  action?: unknown;
  comment?: { id?: unknown; body?: unknown; user?: { login?: unknown } | null };
  issue?: { number?: unknown; pull_request?: unknown };
  workflow_run?: {
    pull_requests?: { number?: number }[];
    html_url?: unknown;
    run_number?: unknown;
    run_attempt?: unknown;
    head_commit?: Commit | null;
  };
  head_commit?: Commit | null;
  pull_request?: {
    number?: number;
    head?: { sha?: string; repo?: { full_name?: string } | null };
    base?: { repo?: { full_name?: string } | null };
  };
}

function eventPayload(env: Env): EventPayload {
  if (!env.GITHUB_EVENT_PATH) return {};
  try {
    return (JSON.parse(readFileSync(env.GITHUB_EVENT_PATH, 'utf8')) as EventPayload | null) ?? {};
  } catch {
    return {};
  }
}

/** Address of the repository that a workflow, or `GITHUB_REPOSITORY`, is of. */
export function repositoryPage({ GITHUB_SERVER_URL, GITHUB_REPOSITORY }: Env): string {
  return `${GITHUB_SERVER_URL ?? 'https://github.com'}/${GITHUB_REPOSITORY ?? ''}`;
}

/**
 * The gate's own repository and what of it runs, for links. In a step that uses the action the runner names both, or has it in a
 * folder of these names (actions/runner, ActionManager.cs). An action by its path lies in the repository of the workflow.
 * Elsewhere, as on the command line, it is the tag of this version. `entry`: the file that Node runs.
 */
export function gateSource(env: Env, entry = process.argv[1] ?? ''): GateSource {
  const server = env.GITHUB_SERVER_URL || 'https://github.com';
  const released = { server: 'https://github.com', repository: REPOSITORY, ref: `v${VERSION}` };
  const isStep = env.GITHUB_ACTIONS === 'true' && Object.keys(env).some((name) => name.startsWith('INPUT_'));
  if (!isStep) return released;
  const named = { server, repository: env.GITHUB_ACTION_REPOSITORY ?? '', ref: env.GITHUB_ACTION_REF ?? '' };
  const [, folder = '', version = ''] = /\/_actions\/([^/]+\/[^/]+)\/(.+)\/dist\/[^/]+$/.exec(entry) ?? [];
  const downloaded = { server, repository: folder, ref: version };
  const own = { server, repository: env.GITHUB_REPOSITORY ?? '', ref: env.GITHUB_SHA ?? '' };
  return [named, downloaded, own].find(isAddress) ?? released;
}

function isAddress({ server, repository, ref }: GateSource): boolean {
  return URL.canParse(server) && /^[\w.-]+\/[\w.-]+$/.test(repository) && /^[\w.+-]+(?:\/[\w.+-]+)*$/.test(ref);
}

/** The folder that holds `manifests/`: above `dist/` or `src/`, wherever the entrypoint that runs lies. */
export function packageRootOf(entry: string): string {
  return dirname(dirname(realpathSync(entry)));
}
