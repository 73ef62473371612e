import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { childEnv } from '../../lab/child-env.ts';
import { gateArguments } from '../../lab/rehearse.ts';
import { CLI } from '../cli.ts';
import { MINUTES, startE2e, until } from './e2e.ts';

it(
  'a run whose APIs are gone ends within the limit of its release, red, with the command for the nodes',
  async () => {
    const e2e = await startE2e('pass');
    const folder = mkdtempSync(join(tmpdir(), 'unreachable-'));
    try {
      const child = spawn(process.execPath, [CLI, 'run', ...gateArguments(folder), '--release-timeout=8s'], {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...childEnv(), HOME: folder, ...e2e.lab.env, GITHUB_TOKEN: e2e.lab.githubToken },
      });
      let log = '';
      child.stdout.on('data', (chunk: Buffer) => {
        log += chunk.toString();
      });
      const exited = new Promise((done) => child.once('close', done));
      await until('the nodes', async () => (await e2e.pool()).nodes.length === 3);
      await e2e.lab.stop();
      const since = performance.now();
      child.kill('SIGTERM');
      expect(await exited, log).toBe(2);
      // The release, the comment that cannot be written, and a busy machine.
      expect(performance.now() - since).toBeLessThan(50_000);
      const { release } = JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8'));
      expect(release).toMatchObject({
        outcome: 'failed',
        command: expect.stringContaining('gcloud container clusters resize'),
      });
      expect(log.slice(log.indexOf('verdict '))).toContain(release.command);
    } finally {
      rmSync(folder, { recursive: true, force: true });
      await e2e.stop();
    }
  },
  2 * MINUTES,
);
