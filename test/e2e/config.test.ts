import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { LAB } from '../../lab/lab.ts';
import { type E2e, MINUTES, startE2e } from './e2e.ts';

const FULL = `projects/${LAB.project}/locations/${LAB.location}/clusters/${LAB.cluster}`;
const NOWHERE = { mode: 'preflight', cluster: '', location: '', 'project-id': '' };

let e2e: E2e;
afterEach(() => e2e?.stop());

/** Makes the job one of a push to the default branch, and writes the file of the repository. */
function put(text: string): void {
  const event = join(e2e.job.temp, 'push.json');
  writeFileSync(event, JSON.stringify({ repository: { default_branch: 'main' } }));
  const push = { GITHUB_EVENT_NAME: 'push', GITHUB_EVENT_PATH: event, GITHUB_REF: 'refs/heads/main' };
  Object.assign(e2e.job.env, push);
  mkdirSync(join(e2e.job.workspace, '.github'));
  writeFileSync(join(e2e.job.workspace, '.github', 'tpu-serving-gate.yml'), text);
}

it(
  'the action takes the cluster from the file of the repository, and so does its post step',
  async () => {
    e2e = await startE2e('pass', NOWHERE);
    put(`cluster: ${FULL}\nnode-pool: ${LAB.nodePool}\n`);
    const main = await e2e.job.main().done;
    expect(main.log).toContain('.github/tpu-serving-gate.yml gives cluster, node-pool.');
    expect(main.code, main.log).toBe(0);
    expect(JSON.parse(e2e.job.state().config ?? '')).toEqual({ cluster: FULL, 'node-pool': LAB.nodePool });
    expect((await e2e.job.post().done).code).toBe(0);
    // The sweeper reads the same file.
    const sweep = await e2e.job.sweep().done;
    expect(sweep.code, sweep.log).toBe(0);
  },
  MINUTES,
);

it(
  'a file that is wrong is refused before any call, and the post step asks for nothing',
  async () => {
    e2e = await startE2e('pass', NOWHERE);
    put('clutser: x\ngithub-token: y\n');
    const main = await e2e.job.main().done;
    expect(main.code).toBe(1);
    expect(main.log).toContain('has "clutser", which is not an input; did you mean "cluster"?');
    expect(main.log).toContain('has "github-token", which is a secret');
    expect((await e2e.job.post().done).log).toContain('there is nothing to release');
    expect((await e2e.record()).gcp).toEqual([]);
  },
  MINUTES,
);
