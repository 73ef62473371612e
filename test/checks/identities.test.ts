import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { commandsOf, fences } from './fences.ts';
import { root } from './root.ts';

interface Job {
  if?: string;
  environment?: string | { name: string };
  steps: { uses?: string; with?: Record<string, unknown> }[];
}

const COMMANDS = fences(readFileSync(join(root, 'docs/quickstart.md'), 'utf8'), 'sh').flatMap(commandsOf);

/** Every job of the workflows that signs in to Google Cloud, by the variable that names its service account. */
const JOBS = readdirSync(join(root, '.github/workflows')).flatMap((file) => {
  const text = readFileSync(join(root, '.github/workflows', file), 'utf8');
  const { on, jobs } = parse(text) as { on: Record<string, unknown>; jobs: Record<string, Job> };
  return Object.entries(jobs).flatMap(([name, job]) => {
    const accounts = job.steps.flatMap(({ with: given = {} }) => String(given['service-account'] ?? '') || []);
    const [account] = accounts;
    const variable = /^\$\{\{ inputs\.[\w-]+ \|\| vars\.(\w+) \}\}$/.exec(account ?? '')?.[1];
    return account === undefined ? [] : [{ name: `${file}, ${name}`, job, variable, isOfPulls: 'pull_request' in on }];
  });
});

describe('the identities of docs/quickstart.md', () => {
  it('are bound to subjects, of which no push can have the one that costs money', () => {
    const bound = COMMANDS.flatMap((command) => {
      const [, account, subject] =
        /service-accounts add-iam-policy-binding "(\S+)@.*--member "\$SUBJECTS\/repo:\$REPOSITORY:(\S+)"$/.exec(
          command,
        ) ?? [];
      return account && subject ? [`${account} ${subject}`] : [];
    });
    expect(bound).toEqual(['gate environment:tpu', 'gate ref:refs/heads/main', 'gate-preflight pull_request']);
    expect(COMMANDS.join('\n')).not.toContain('attribute.repository/');
  });

  it('have an environment with a reviewer', () => {
    const [made = ''] = COMMANDS.filter((command) => command.includes('environments/tpu'));
    expect(made).toMatch(/^gh api --method PUT "repos\/\$REPOSITORY\/environments\/tpu" .*reviewers\[\]\[id\]=/);
  });
});

describe.each(JOBS)('$name', ({ job, variable, isOfPulls }) => {
  const environment = String(typeof job.environment === 'object' ? job.environment.name : (job.environment ?? ''));

  it('has a subject that Google Cloud trusts', () => {
    if (variable === 'PREFLIGHT_SERVICE_ACCOUNT') {
      const [gate] = job.steps.filter(({ uses }) => uses === '$/');
      expect([isOfPulls, environment, gate?.with]).toMatchObject([true, '', { mode: 'preflight', 'read-only': true }]);
      return;
    }
    expect(variable).toBe('GATE_SERVICE_ACCOUNT');
    const branch = "github.ref == format('refs/heads/{0}', github.event.repository.default_branch)";
    const approved = environment === 'tpu' || environment.includes(`${branch.replace('==', '!=')} && 'tpu'`);
    expect(approved || (!isOfPulls && job.if?.includes(branch)), `${environment} ${job.if}`).toBe(true);
  });
});

it('there are such jobs', () => {
  expect(JOBS.map(({ name }) => name)).toEqual([
    'deploy.yml, deploy',
    'deploy.yml, rollback',
    'measure.yml, measure',
    'nightly.yml, measure',
    'pull-request.yml, preflight',
    'pull-request.yml, measure',
    'sweep.yml, sweep',
  ]);
});
