import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { childEnv } from '../../lab/child-env.ts';
import { LAB } from '../../lab/lab.ts';
import { gateArguments } from '../../lab/rehearse.ts';
import { CLI } from '../cli.ts';
import { TARGETS } from '../studies/bench/targets.ts';
import { MINUTES, startE2e, until } from './e2e.ts';

it.each(['SIGINT', 'SIGHUP'] as const)(
  'the command line gives the nodes back after %s, a second one notwithstanding, and exits with 130',
  async (signal) => {
    const e2e = await startE2e('pass');
    const folder = mkdtempSync(join(tmpdir(), 'cli-'));
    try {
      const child = spawn(process.execPath, [CLI, 'run', ...gateArguments(folder)], {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...childEnv(), HOME: folder, ...e2e.lab.env, GITHUB_TOKEN: e2e.lab.githubToken },
      });
      let log = '';
      child.stdout.on('data', (chunk: Buffer) => {
        log += chunk.toString();
      });
      const exited = new Promise((done) => child.once('close', done));
      await until('the nodes', async () => (await e2e.pool()).nodes.length === 3);
      child.kill(signal);
      await until('the release', async () => (await e2e.pool()).sizes.length === 2);
      child.kill(signal);
      expect(await exited).toBe(130);
      expect(log).toContain('if this process is killed, finish by hand: gcloud container clusters resize');
      const { nodes, target } = await e2e.record();
      expect(nodes).toEqual([]);
      expect(target).toBe(0);
      expect(JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8'))).toMatchObject({
        verdict: 'error',
        failure: { code: 'interrupted' },
        release: { outcome: 'released', nodesLeft: 0 },
      });
    } finally {
      rmSync(folder, { recursive: true, force: true });
      await e2e.stop();
    }
  },
  3 * MINUTES,
);

it(
  'the command line deploys a stack that stays, sweeps around it, and ends it',
  async () => {
    const e2e = await startE2e('pass');
    const folder = mkdtempSync(join(tmpdir(), 'cli-'));
    const run = async (...args: string[]) => {
      const child = spawn(process.execPath, [CLI, ...args], {
        env: { ...childEnv(), HOME: folder, ...e2e.lab.env, GITHUB_TOKEN: e2e.lab.githubToken },
      });
      let [stdout, stderr] = ['', ''];
      child.stdout.on('data', (chunk: Buffer) => {
        stdout += chunk.toString();
      });
      child.stderr.on('data', (chunk: Buffer) => {
        stderr += chunk.toString();
      });
      return { code: await new Promise((done) => child.once('close', done)), stdout, stderr };
    };
    const where = ['project-id', 'location', 'cluster'] as const;
    const values = { 'project-id': LAB.project, location: LAB.location, cluster: LAB.cluster };
    const place = where.flatMap((name) => [`--${name}`, values[name]]);
    const identity = ['--workload-identity-provider', LAB.provider, '--poll-interval', '250ms'];
    try {
      const deployed = await run('run', '--mode', 'deploy', '--json', ...gateArguments(folder));
      expect(deployed.code, deployed.stderr).toBe(0);
      expect(JSON.parse(deployed.stdout)).toMatchObject({ mode: 'deploy', verdict: 'pass' });
      expect((await e2e.record()).nodes).toHaveLength(3);
      const swept = await run('sweep', '--json', ...place, ...identity);
      expect(swept.code, swept.stderr).toBe(0);
      expect(JSON.parse(swept.stdout)).toEqual({ swept: [], failed: [], issueUrl: null, lastRun: null });
      expect((await e2e.record()).nodes).toHaveLength(3);
      const ended = await run('cleanup', ...place, ...identity, '--node-pool', LAB.nodePool);
      expect(ended.code, ended.stderr).toBe(0);
      expect(await e2e.record()).toMatchObject({ nodes: [], target: 0 });
      const typo = await run('cleanup', ...place, '--nodepool', LAB.nodePool);
      expect([typo.code, typo.stderr]).toEqual([3, expect.stringContaining('--nodepool is not known')]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
      await e2e.stop();
    }
  },
  2 * MINUTES,
);

it(
  'preflight sends Kubernetes as many requests as its target allows',
  async () => {
    const e2e = await startE2e('pass');
    const folder = mkdtempSync(join(tmpdir(), 'cli-'));
    try {
      const child = spawn(process.execPath, [CLI, 'run', '--mode', 'preflight', ...gateArguments(folder)], {
        stdio: ['ignore', 'ignore', 'inherit'],
        env: { ...childEnv(), HOME: folder, ...e2e.lab.env, GITHUB_TOKEN: e2e.lab.githubToken },
      });
      expect(await new Promise((done) => child.once('close', done))).toBe(0);
      const sent = (await e2e.record()).kube.map(({ method, path }) => `${method} ${path}`);
      expect(sent.length, sent.join('\n')).toBeLessThanOrEqual(TARGETS['preflight-requests'].most);
    } finally {
      rmSync(folder, { recursive: true, force: true });
      await e2e.stop();
    }
  },
  2 * MINUTES,
);
