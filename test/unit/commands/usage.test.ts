import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { childEnv } from '../../../lab/child-env.ts';
import { EXIT_CODES } from '../../../src/commands/exit-codes.ts';
import { visiblePaths } from '../../../src/commands/paths.ts';
import { COMMANDS } from '../../../src/commands/registry.ts';
import { VERSION } from '../../../src/lib/version.ts';
import { CLI } from '../../cli.ts';

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

function cli(args: string[], env: Record<string, string> = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CLI, ...args], {
      env: { ...childEnv(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended: Ended = { code: null, stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => {
      ended.stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      ended.stderr += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ ...ended, code }));
  });
}

describe('help', () => {
  it.each([['help'], ['--help'], ['-h']])('%s names every command and exit code', async (arg) => {
    const { code, stdout, stderr } = await cli([arg]);
    expect([code, stderr]).toEqual([0, '']);
    const shown = visiblePaths(COMMANDS).filter(({ command }) => !command.subcommands);
    for (const { words } of shown) expect(stdout).toMatch(new RegExp(`^ {2}${words}\\b`, 'm'));
    for (const { code: number, meaning } of Object.values(EXIT_CODES)) {
      expect(stdout).toContain(`  ${String(number).padEnd(3)}  ${meaning.replaceAll('`', '')}`);
    }
  });

  it('tells the version', async () => {
    expect(await cli(['--version'])).toEqual({ code: 0, stdout: `${VERSION}\n`, stderr: '' });
  });
});

describe('bad usage ends with 3 and says on stderr', () => {
  it('what the commands are', async () => {
    const { code, stdout, stderr } = await cli([]);
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toContain('\n  run [flags] ');
  });

  it('that a command is not known', async () => {
    expect(await cli(['publish'])).toEqual({
      code: 3,
      stdout: '',
      stderr:
        'Command "publish" is not known; allowed: init, doctor, run, sweep, cleanup, report, compare, history, page, rehearse, lab, completion, help.\n',
    });
  });

  it('every problem of a run at once', async () => {
    const { code, stdout, stderr } = await cli(
      ['run', '--locaton', 'europe-west4-a', '--concurrency=lots', '--timeout', '90', '--cluster'],
      { GITHUB_TOKEN: 'ghs_secret_of_the_user' },
    );
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr.trimEnd().split('\n')).toEqual([
      '--locaton is not known; did you mean --location?',
      '--cluster is missing; give the name of the GKE cluster.',
      '--location is missing; give the zone or region of the cluster, such as europe-west4-a.',
      expect.stringMatching(/^--project-id is missing/),
      '--concurrency is "lots"; allowed: auto, or a whole number from 1 to 512.',
      '--timeout is "90"; allowed: a duration with a unit from 1s to 24h, such as 90s, 25m or 1h30m.',
    ]);
  });

  it('that a word is no flag', async () => {
    const args = ['run', 'llmd', '--cluster', 'llmd', '--location', 'europe-west4-a', '--project-id', 'ecoeng-llmd'];
    const { code, stderr } = await cli([...args, '--comment', 'loud']);
    expect(code).toBe(3);
    expect(stderr.split('\n')[0]).toBe('A word belongs to no flag; give each choice as --name value.');
    expect(stderr).toContain('--comment is "loud"');
    expect((await cli(args)).code).toBe(3);
  });

  it.each([[['rehearse', '--scenaro', 'pass']], [['lab', 'pass']]])('what the lab does not take: %j', async (args) => {
    const { code, stdout, stderr } = await cli(args);
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toMatch(/Un(known option|expected argument)/);
  });
});

it('a run that cannot begin ends with 2, tells why, and leased nothing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cli-'));
  const args = ['run', '--cluster', 'llmd', '--location', 'europe-west4-a', '--project-id', 'ecoeng-llmd'];
  const { code, stdout } = await cli([...args, '--output-dir', folder], {
    CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER: 'http://container.example/',
  });
  await rm(folder, { recursive: true });
  expect(code).toBe(2);
  expect(stdout).toContain(
    'CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER is "http://container.example/"; allowed: an https URL',
  );
  expect(stdout).toContain('No TPU node was leased.');
});
