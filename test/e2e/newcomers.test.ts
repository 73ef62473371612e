import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { childEnv } from '../../lab/child-env.ts';
import { googleError, oauthError } from '../../lab/google/errors.ts';
import type { Inject } from '../../lab/google/http.ts';
import { type GcpLab, startGcpLab } from '../../lab/test/google/gcp-lab.ts';
import { entryFile } from '../../scripts/build/entries.ts';
import type { Report } from '../../src/report/model.ts';
import { CLI } from '../cli.ts';
import { MINUTES } from './e2e.ts';

const PROVIDER = 'projects/123456789012/locations/global/workloadIdentityPools/ci/providers/github';
const LOGIN = 'gcloud auth application-default login';

let lab: GcpLab;
let folder: string;
let inject: Inject = () => undefined;
beforeAll(async () => {
  lab = await startGcpLab({ inject: (request) => inject(request) });
  folder = mkdtempSync(join(tmpdir(), 'newcomer-'));
  writeFileSync(join(folder, 'broken.json'), '{"type": "authorized_user", "client_id": ');
});
afterAll(async () => {
  await lab.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Said {
  code: number | null;
  text: string;
}

async function run(args: string[], env: Record<string, string>): Promise<Said> {
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: { ...childEnv(), HOME: folder, ...env },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
  }
  const code = await new Promise<number | null>((done) => child.once('close', done));
  return { code, text };
}

interface Mistake {
  name: string;
  /** What differs from a run that is set up well. */
  flags?: Record<string, string | null>;
  env?: Record<string, string | null>;
  inject?: Inject;
  cause: string;
  /** What to run or to change. */
  toDo: RegExp;
}

const everyCall =
  (...reply: Parameters<typeof googleError>): Inject =>
  ({ path }) =>
    path.includes('/clusters/') ? googleError(...reply) : undefined;

const MISTAKES: Mistake[] = [
  {
    name: 'no credentials on the command line',
    flags: { 'workload-identity-provider': null },
    cause: 'auth.none',
    toDo: new RegExp(LOGIN),
  },
  {
    name: 'no credentials in a workflow',
    flags: { 'workload-identity-provider': null },
    env: { GITHUB_ACTIONS: 'true' },
    cause: 'auth.none',
    toDo: /(?:"|--)workload-identity-provider"?.*"permissions: id-token: write"/,
  },
  {
    name: 'a file of credentials that does not exist',
    flags: { 'workload-identity-provider': null },
    env: { GOOGLE_APPLICATION_CREDENTIALS: '/nowhere/key.json' },
    cause: 'auth.file',
    toDo: new RegExp(`unset GOOGLE_APPLICATION_CREDENTIALS.*${LOGIN}`),
  },
  {
    name: 'a file of credentials that is damaged',
    flags: { 'workload-identity-provider': null },
    env: { GOOGLE_APPLICATION_CREDENTIALS: 'broken.json' },
    cause: 'auth.file',
    toDo: new RegExp(`unset GOOGLE_APPLICATION_CREDENTIALS.*${LOGIN}`),
  },
  {
    name: 'a token of the job that is not taken',
    env: { ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'stale' },
    cause: 'auth.id-token',
    toDo: /id-token: write/,
  },
  {
    name: 'the wrong provider',
    flags: { 'workload-identity-provider': PROVIDER.replace('/github', '/gitlab') },
    inject: ({ path }) =>
      path === '/v1/token'
        ? oauthError(
            'invalid_target',
            'The target service indicated by the "audience" parameters is invalid. This might either be because the pool or provider is disabled or deleted or because it doesn\'t exist.',
          )
        : undefined,
    cause: 'auth.provider',
    toDo: /gcloud iam workload-identity-pools providers describe gitlab --location global --workload-identity-pool ci --project 123456789012/,
  },
  {
    name: 'a provider that does not admit the repository',
    inject: ({ path }) =>
      path === '/v1/token'
        ? oauthError('unauthorized_client', 'The given credential is rejected by the attribute condition.')
        : undefined,
    cause: 'auth.condition',
    toDo: /gcloud iam workload-identity-pools providers describe github/,
  },
  {
    name: 'a service account that the job may not become',
    flags: { 'service-account': 'other@demo.iam.gserviceaccount.com' },
    cause: 'auth.impersonation',
    toDo: /gcloud iam service-accounts add-iam-policy-binding other@demo\.iam\.gserviceaccount\.com --role roles\/iam\.workloadIdentityUser/,
  },
  {
    name: 'the wrong project',
    flags: { 'project-id': 'demo-of-others' },
    cause: 'gke.permission',
    toDo: /gcloud projects add-iam-policy-binding demo-of-others/,
  },
  {
    name: 'a project that does not exist',
    inject: everyCall('PERMISSION_DENIED', 'Permission denied on resource project demo.', {
      reason: 'CONSUMER_INVALID',
      domain: 'googleapis.com',
    }),
    cause: 'gcp.project',
    toDo: /gcloud projects describe demo/,
  },
  {
    name: 'the wrong zone',
    flags: { location: 'us-east5-c' },
    cause: 'gke.not-found',
    toDo: /gcloud container clusters list --project demo/,
  },
  {
    name: 'the wrong cluster',
    flags: { cluster: 'surfing' },
    cause: 'gke.not-found',
    toDo: /gcloud container clusters list --project demo/,
  },
  {
    name: 'a missing role',
    inject: everyCall('PERMISSION_DENIED', 'Required "container.clusters.get" permission(s) for "projects/demo".', {
      reason: 'IAM_PERMISSION_DENIED',
      domain: 'iam.googleapis.com',
      metadata: { permission: 'container.clusters.get' },
    }),
    cause: 'gke.permission',
    toDo: /Grant container\.clusters\.get .*gcloud projects add-iam-policy-binding demo/,
  },
  {
    name: 'an API that is not enabled',
    inject: everyCall(
      'PERMISSION_DENIED',
      'Kubernetes Engine API has not been used in project 4711 before or it is disabled.',
      {
        reason: 'SERVICE_DISABLED',
        domain: 'googleapis.com',
        metadata: { service: 'container.googleapis.com' },
      },
    ),
    cause: 'gcp.api-disabled',
    toDo: /gcloud services enable container\.googleapis\.com --project demo/,
  },
];

/** A clean machine, whose requests go to the lab. */
function setUp({ flags = {}, env = {} }: Pick<Mistake, 'flags' | 'env'>): {
  args: string[];
  env: Record<string, string>;
} {
  const all = {
    'project-id': 'demo',
    location: 'us-east5-b',
    cluster: 'serving',
    'workload-identity-provider': PROVIDER,
    ...flags,
  };
  const args = Object.entries(all).flatMap(([name, value]) => (value === null ? [] : [`--${name}`, value]));
  const given = {
    CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER: `${lab.url}/`,
    CLOUDSDK_API_ENDPOINT_OVERRIDES_STS: `${lab.url}/`,
    CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS: `${lab.url}/`,
    TPU_SERVING_GATE_REGISTRY_MIRROR: lab.registryUrl,
    ACTIONS_ID_TOKEN_REQUEST_URL: lab.oidcRequestUrl,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: lab.oidcRequestToken,
    ...env,
  };
  const set = Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== null);
  return { args, env: Object.fromEntries(set) };
}

/** Nothing that only a developer of the gate or of Node understands. */
function readable({ text }: Said): void {
  expect(text).not.toMatch(/unexpected|the maintainers of the gate|No known cause|Warning|--trace|^\s+at .*:\d+/m);
}

describe('a newcomer’s mistake', () => {
  it.each(MISTAKES)(
    '$name has its cause, one sentence, and what to run',
    async ({ cause, toDo, inject: reply = () => undefined, ...mistake }) => {
      inject = reply;
      const { args, env } = setUp(mistake);
      const output = join(folder, 'results');
      const said = await run([CLI, 'run', '--mode', 'preflight', '--output-dir', 'results', ...args], env);
      const report = JSON.parse(readFileSync(join(output, 'result.json'), 'utf8')) as Report;
      expect(report.diagnosis).toMatchObject({ cause, blame: 'config', confidence: 'proven' });
      expect(report.diagnosis?.remedy).toMatch(toDo);
      expect(said.text.replaceAll(/\s+/g, ' ')).toMatch(toDo);
      // The line that failed is of what is wrong: an unknown cluster is nobody’s identity.
      const failed = report.preflight.filter(({ outcome }) => outcome === 'fail').map(({ title }) => title);
      expect(failed).toHaveLength(1);
      expect(failed).not.toContain(cause.startsWith('auth.') ? 'Cluster' : 'Identity');
      expect(said.code).toBe(2);
      readable(said);
    },
    MINUTES,
  );

  it(
    'no OIDC token is refused with what to add, before any call',
    async () => {
      const { args, env } = setUp({ env: { ACTIONS_ID_TOKEN_REQUEST_URL: null } });
      const said = await run([CLI, 'run', '--mode', 'preflight', ...args], env);
      expect(said).toMatchObject({
        code: 3,
        text: expect.stringContaining('add "permissions: id-token: write" to the job'),
      });
      readable(said);
    },
    MINUTES,
  );

  it.each([['sweep'], ['cleanup', '--node-pool', 'v6e']])(
    '%s without credentials says what to run',
    async (...command) => {
      const { args, env } = setUp({ flags: { 'workload-identity-provider': null } });
      const said = await run([CLI, ...command, ...args], env);
      expect(said).toMatchObject({ code: 2, text: expect.stringContaining(LOGIN) });
      readable(said);
    },
    MINUTES,
  );

  it(
    'a Node that is too old is told which one to install',
    async () => {
      writeFileSync(join(folder, 'old.cjs'), "Object.defineProperty(process.versions, 'node', { value: '20.1.0' });");
      writeFileSync(join(folder, 'entry.cjs'), entryFile('cli'));
      const said = await run(['--require', join(folder, 'old.cjs'), join(folder, 'entry.cjs')], {});
      expect(said).toMatchObject({ code: 2, text: expect.stringContaining('nvm install 24') });
      readable(said);
    },
    MINUTES,
  );
});
