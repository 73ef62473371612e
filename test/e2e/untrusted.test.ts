import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { fakeRunner, type Job } from './fake-runner.ts';

const KEY = JSON.stringify({
  ...{ type: 'service_account', client_email: 'gate@p.iam.gserviceaccount.com', private_key: 'k'.repeat(40) },
  // Nobody listens there: a call would fail in another way.
  token_uri: 'http://127.0.0.1:1/token',
});

let job: Job | undefined;
afterEach(() => job?.close());

describe('a pull request from a fork', () => {
  it('ends neutral, with the command for a maintainer and nothing for post to do', async () => {
    job = fakeRunner({
      inputs: {
        'project-id': 'my-project',
        location: 'europe-west4-a',
        cluster: 'llmd',
        'credentials-json': KEY.replace('k'.repeat(40), 'of pull_request_target'),
        'release-timeout': '5s',
      },
      env: { GITHUB_REPOSITORY: 'o/r', GITHUB_WORKFLOW_REF: 'o/r/.github/workflows/gate.yml@refs/heads/main' },
      event: {
        name: 'pull_request_target',
        payload: { pull_request: { number: 7, head: { repo: { full_name: 'stranger/r' } } } },
      },
    });
    const main = await job.main().done;
    expect(main).toMatchObject({ code: 0, signal: null });
    expect(main.log).toContain('::notice title=Not measured::');
    expect(job.summary('main')).toContain('gh workflow run gate.yml --ref gate/pr-7');
    expect(job.outputs()).toMatchObject({ verdict: '', passed: 'false', changed: 'false' });
    const post = await job.post().done;
    expect(post).toMatchObject({ code: 0 });
    expect(post.log).toContain('nothing to release');
    expect(post.log).not.toMatch(/::(?:error|warning)/);
    expect(job.files().join()).not.toContain('of pull_request_target');
  });
});

describe('a pull request with manifests that are none of its business', () => {
  it('ends before any call, with file, line and rule of each', async () => {
    job = fakeRunner({
      inputs: {
        ...{
          'project-id': 'my-project',
          location: 'europe-west4-a',
          cluster: 'llmd',
          manifests: 'deploy.yaml',
          comment: 'off',
        },
        'credentials-json': KEY,
      },
      env: { GITHUB_REPOSITORY: 'o/r' },
      event: { name: 'push', payload: {} },
    });
    const binding = 'apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata:\n  name: mine\n';
    writeFileSync(join(job.workspace, 'deploy.yaml'), binding);
    const { code, log } = await job.main().done;
    expect(code).toBe(1);
    expect(log).toContain('deploy.yaml:2: ClusterRoleBinding mine is of rbac.authorization.k8s.io');
    expect(log).toContain('(rule kind)');
    expect(log).toMatch(
      /^::error title=Refused manifest,file=deploy\.yaml,line=2::ClusterRoleBinding mine is of rbac/m,
    );
    expect(job.outputs()).toMatchObject({ verdict: 'error', cause: 'manifest.refused', blame: 'change' });
  });
});

describe('a list of what to retire that names more than the stack', () => {
  const service = (name: string, namespace?: string) =>
    JSON.stringify({
      ...{ apiVersion: 'serving.kserve.io/v1alpha1', kind: 'LLMInferenceService' },
      metadata: { name, ...(namespace ? { namespace } : {}) },
    });

  it.each([
    [
      "an administrator's NetworkPolicy",
      JSON.stringify({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'deny-all' } }),
      'NetworkPolicy deny-all',
    ],
    [
      'the lease of another pool',
      JSON.stringify({
        ...{ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' },
        metadata: { name: 'tpu-serving-gate-v5e', namespace: 'default' },
      }),
      'Lease tpu-serving-gate-v5e in default',
    ],
    ['a service of another namespace', service('theirs', 'team-b'), 'LLMInferenceService theirs in team-b'],
    [
      'a kind of another group with the name of a service',
      JSON.stringify({ apiVersion: 'example.com/v1', kind: 'LLMInferenceService', metadata: { name: 'mine' } }),
      'LLMInferenceService mine',
    ],
  ])('is refused before any call: %s', async (_, object, named) => {
    job = fakeRunner({
      inputs: {
        ...{ 'project-id': 'my-project', location: 'europe-west4-a', cluster: 'llmd', comment: 'off' },
        retire: 'retire.yaml',
        'credentials-json': KEY,
      },
      env: { GITHUB_REPOSITORY: 'o/r' },
      event: { name: 'push', payload: {} },
    });
    // One that is allowed does not carry the other along.
    writeFileSync(join(job.workspace, 'retire.yaml'), `${service('pattern-1')}\n---\n${object}\n`);
    const { code, log } = await job.main().done;
    expect(code).toBe(1);
    expect(log).toMatch(new RegExp(`Input "retire" names ${named}[^,;]* \\(retire\\.yaml:\\d+\\);`));
    expect(log).toContain('allowed: an LLMInferenceService in namespace llm-d-inference-scheduling');
    expect(job.outputs()).toMatchObject({ verdict: 'error', changed: 'false' });
    expect((await job.post().done).code).toBe(0);
  });
});
