import { readFileSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import type { RunIdentity } from '../report/model.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Who asked for this run, from the runner's variables and the event payload; on the command line mostly null. */
export function runIdentity(env: Env, overrides: { pullRequest: number | null }): RunIdentity {
  const event = eventPayload(env);
  const id = env.GITHUB_RUN_ID ?? `local-${process.pid}`;
  const server = env.GITHUB_SERVER_URL ?? 'https://github.com';
  return {
    url: env.GITHUB_RUN_ID && env.GITHUB_REPOSITORY ? `${server}/${env.GITHUB_REPOSITORY}/actions/runs/${id}` : null,
    id,
    attempt: Number(env.GITHUB_RUN_ATTEMPT ?? 1) || 1,
    number: Number(env.GITHUB_RUN_NUMBER ?? 0) || 0,
    event: env.GITHUB_EVENT_NAME ?? null,
    repository: env.GITHUB_REPOSITORY ?? null,
    workflow: env.GITHUB_WORKFLOW ?? null,
    job: env.GITHUB_JOB ?? null,
    // On pull_request GITHUB_SHA is the merge commit; the reviewer knows the head.
    sha: event.pull_request?.head?.sha ?? env.GITHUB_SHA ?? null,
    ref: env.GITHUB_HEAD_REF || env.GITHUB_REF_NAME || null,
    pullRequest: overrides.pullRequest ?? event.pull_request?.number ?? null,
  };
}

interface EventPayload {
  pull_request?: { number?: number; head?: { sha?: string } };
}

function eventPayload(env: Env): EventPayload {
  if (!env.GITHUB_EVENT_PATH) return {};
  try {
    return (JSON.parse(readFileSync(env.GITHUB_EVENT_PATH, 'utf8')) as EventPayload | null) ?? {};
  } catch {
    return {};
  }
}

/** The folder that holds `manifests/`: above `dist/` or `src/`, wherever the entrypoint that runs lies. */
export function packageRootOf(entry: string): string {
  return dirname(dirname(realpathSync(entry)));
}
