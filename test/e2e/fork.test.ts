import { afterEach, describe, expect, it } from 'vitest';
import { fakeRunner, type Job } from './fake-runner.ts';

let job: Job | undefined;
afterEach(() => job?.close());

describe('a pull request from a fork', () => {
  it('ends neutral, with the command for a maintainer and nothing for post to do', async () => {
    job = fakeRunner({
      inputs: { 'project-id': 'p', location: 'l', cluster: 'c', 'credentials-json': '{"of":"pull_request_target"}' },
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
    expect(job.outputs()).toMatchObject({ verdict: '', passed: 'false' });
    const post = await job.post().done;
    expect(post).toMatchObject({ code: 0 });
    expect(post.log).not.toContain('::error');
    expect(job.files().join()).not.toContain('pull_request_target"}');
  });
});
