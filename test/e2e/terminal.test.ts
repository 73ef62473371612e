import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { childEnv } from '../../lab/child-env.ts';
import { gateArguments } from '../../lab/rehearse.ts';
import { visiblePaths } from '../../src/commands/paths.ts';
import { COMMANDS } from '../../src/commands/registry.ts';
import { CLI } from '../cli.ts';
import { type E2e, MINUTES, startE2e } from './e2e.ts';

const PTY = resolve(import.meta.dirname, 'terminal.py');
const COLUMNS = 60;
const ESC = '\u001b';
/** A change of colour or weight; not a move of the cursor. */
const STYLED = new RegExp(`${ESC}\\[[0-9;]*m`);

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

function ended(command: string, args: string[], env: Record<string, string>): Promise<Ended> {
  return new Promise((done, reject) => {
    const child = spawn(command, args, {
      env: { ...childEnv(), TERM: 'xterm', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const result: Ended = { code: null, stdout: '', stderr: '' };
    child.stdout.on('data', (chunk: Buffer) => {
      result.stdout += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      result.stderr += chunk.toString();
    });
    child.on('error', reject);
    child.on('close', (code) => done({ ...result, code }));
  });
}

/** At a terminal, which has stdout and stderr in one. */
const atTerminal = (args: string[], env: Record<string, string> = {}) =>
  ended('python3', [PTY, String(COLUMNS), process.execPath, CLI, ...args], env);
/** Into pipes. */
const piped = (args: string[], env: Record<string, string> = {}) => ended(process.execPath, [CLI, ...args], env);

/** Lines that a terminal would break, unless a single word is that long. */
function tooLong(text: string): string[] {
  // The live line begins at the first column again, over what was there.
  return stripVTControlCharacters(text.replaceAll(new RegExp(`${ESC}\\[[0-9]*G`, 'g'), '\r'))
    .split(/\r?\n|\r/)
    .filter((line) => [...line].length > COLUMNS && line.trim().includes(' '));
}

describe(`at a terminal of ${COLUMNS} columns`, () => {
  it(
    'help fits, of the program and of each command',
    async () => {
      const paths = [[], ...visiblePaths(COMMANDS).map(({ words }) => words.split(' '))];
      for (const words of paths) {
        const { code, stdout } = await atTerminal(['help', ...words]);
        expect(code).toBe(0);
        expect(tooLong(stdout), words.join(' ')).toEqual([]);
        expect(stdout).not.toContain(ESC);
      }
    },
    2 * MINUTES,
  );

  it('refused arguments are named as flags, and end with 3', async () => {
    const { code, stdout } = await atTerminal(['run', '--locaton', 'x']);
    expect(code).toBe(3);
    expect(stdout).toContain('--locaton is not known; did you mean --location?');
    expect(stdout).not.toContain('Input "');
  });
});

describe('a run', () => {
  let e2e: E2e;
  const folder = mkdtempSync(join(tmpdir(), 'terminal-'));
  const run = (...more: string[]) => ['run', '--mode', 'preflight', ...gateArguments(folder), ...more];
  const env = (more: Record<string, string> = {}) => ({
    ...{ HOME: folder, GITHUB_TOKEN: e2e.lab.githubToken },
    ...e2e.lab.env,
    ...more,
  });
  beforeAll(async () => {
    e2e = await startE2e('pass');
  }, MINUTES);
  afterAll(async () => {
    await e2e.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it(
    'at a terminal has one live line, its lines fit, and its colour obeys NO_COLOR',
    async () => {
      const coloured = await atTerminal(run(), env());
      expect(coloured.code, coloured.stdout).toBe(0);
      // The live line is drawn again: the cursor goes to its beginning.
      expect(coloured.stdout).toMatch(new RegExp(`${ESC}\\[[0-9]*G`));
      expect(tooLong(coloured.stdout)).toEqual([]);
      expect(coloured.stdout).toMatch(/verdict +pass/);
      const plain = await atTerminal(run(), env({ NO_COLOR: '1' }));
      expect(plain.code).toBe(0);
      expect(plain.stdout).not.toMatch(STYLED);
      expect(plain.stdout).toMatch(/verdict +pass/);
    },
    2 * MINUTES,
  );

  it.each([{ TERM: 'dumb' }, { CI: 'true' }])(
    'has plain lines at a terminal with %j',
    async (more) => {
      const { code, stdout } = await atTerminal(run(), env(more as Record<string, string>));
      expect(code).toBe(0);
      expect(stdout).not.toContain(ESC);
      expect(stdout).toMatch(/▶ 1\/7/);
    },
    MINUTES,
  );

  it(
    'into a pipe has plain lines',
    async () => {
      const { code, stdout, stderr } = await piped(run(), env());
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).not.toContain(ESC);
      expect(stdout).toMatch(/▶ 1\/7/);
    },
    MINUTES,
  );

  it(
    'with --json has the result alone on stdout, and JSON Lines on stderr',
    async () => {
      const { code, stdout, stderr } = await piped(run('--json'), env());
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ schema: 'tpu-serving-gate/report/v1', verdict: 'pass' });
      expect(stdout).toBe(readFileSync(join(folder, 'result.json'), 'utf8'));
      const events = stderr
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { type: string });
      expect(events.at(-1)).toMatchObject({ type: 'closing', verdict: 'pass' });
      expect((await piped(run('--json', '--quiet'), env())).stderr).toBe('');
    },
    MINUTES,
  );
});
