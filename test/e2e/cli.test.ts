import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { gateArguments } from '../../src/lab/rehearse.ts';
import { MINUTES, startE2e, until } from './e2e.ts';

const CLI = resolve(import.meta.dirname, '../../src/cli.ts');

it.each(['SIGINT', 'SIGHUP'] as const)(
  'the command line gives the nodes back after %s, a second one notwithstanding, and exits with 130',
  async (signal) => {
    const e2e = await startE2e('pass');
    const folder = mkdtempSync(join(tmpdir(), 'cli-'));
    try {
      const child = spawn(process.execPath, [CLI, 'run', ...gateArguments(folder)], {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { PATH: process.env.PATH ?? '', HOME: folder, ...e2e.lab.env, GITHUB_TOKEN: e2e.lab.githubToken },
      });
      let log = '';
      child.stdout.on('data', (chunk: Buffer) => {
        log += chunk.toString();
      });
      const exited = new Promise((done) => child.once('close', done));
      await until('the nodes', async () => (await e2e.record()).nodes.length === 3);
      child.kill(signal);
      await until('the release', async () => (await e2e.record()).sizes.length === 2);
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
