import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { childEnv } from '../../lab/child-env.ts';
import { LAB, type Lab, startLab } from '../../lab/lab.ts';
import type { GithubRepository, IamState } from '../../lab/protocol.ts';
import { SCENARIOS } from '../../lab/scenarios/scenarios.ts';
import { otherApis } from '../../lab/serve.ts';
import { CLI } from '../cli.ts';

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A new repository of somebody whose project, cluster and GitHub are the lab, and in whose cloud nothing is set up. */
export interface Newcomer {
  lab: Lab;
  /** A checkout with a remote on GitHub. */
  checkout: string;
  /** Runs a command of the gate, in the checkout unless another folder is given. */
  gate(args: string[], env?: Record<string, string>, cwd?: string): Promise<Ended>;
  /** Runs a command of the gate in a pseudo-terminal of 80 columns, and types lines. Stdout is what the screen shows. */
  typed(args: string[], lines: readonly string[]): Promise<Ended>;
  /** Runs shell commands with programs in place of gcloud, kubectl and gh, and sets the lab up as these were told to. */
  obey(script: string): Promise<void>;
  setIam(change: Partial<IamState>): Promise<void>;
  setRepository(change: Partial<GithubRepository>): Promise<void>;
  stop(): Promise<void>;
}

export async function startNewcomer(): Promise<Newcomer> {
  const lab = await startLab({
    scenario: SCENARIOS.pass!,
    timeScale: 100,
    isOneProcess: true,
    isReused: true,
    seed: 7,
    entry: { module: CLI, args: ['lab-process'] },
  });
  const folder = mkdtempSync(join(tmpdir(), 'newcomer-'));
  const checkout = join(folder, 'serving');
  const env = credentials(lab, folder);
  mkdirSync(join(checkout, '.git', 'refs', 'remotes', 'origin'), { recursive: true });
  const remote = `[remote "origin"]\n\turl = git@github.com:${LAB.repository}.git\n`;
  writeFileSync(join(checkout, '.git', 'config'), `[core]\n\tbare = false\n${remote}`);
  writeFileSync(join(checkout, '.git', 'refs', 'remotes', 'origin', 'HEAD'), 'ref: refs/remotes/origin/main\n');
  mkdirSync(join(folder, 'bin'));
  for (const program of ['gcloud', 'kubectl', 'gh', 'curl']) {
    writeFileSync(join(folder, 'bin', program), RECORDER, { mode: 0o755 });
  }
  const patch = async (url: string, change: unknown) => {
    const response = await fetch(url, { method: 'PATCH', body: JSON.stringify(change) });
    if (!response.ok) throw new Error(`${url}: ${response.status}`);
  };
  const setIam = (change: Partial<IamState>) => patch(`${lab.gcp.controlUrl}/iam`, change);
  const setRepository = (change: Partial<GithubRepository>) => patch(`${lab.github.controlUrl}/repository`, change);
  return {
    ...{ lab, checkout, setIam, setRepository },
    gate: (args, more = {}, cwd = checkout) =>
      run(spawn(process.execPath, [CLI, ...args], { cwd, env: { ...env, ...more } })),
    typed(args, lines) {
      // Of util-linux: the words of a command line are quoted for its shell.
      const command = `stty -echo cols 80; exec ${[process.execPath, CLI, ...args].map((word) => `'${word}'`).join(' ')}`;
      const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
        cwd: checkout,
        env: { ...env, TERM: 'xterm-256color', SHELL: '/bin/sh' },
      });
      child.stdin.write(lines.map((line) => `${line}\n`).join(''));
      return run(child, { open: true });
    },
    async obey(script) {
      const log = join(folder, 'commands');
      writeFileSync(log, '');
      const path = [join(folder, 'bin'), process.env.PATH].join(delimiter);
      const secrets = { REGISTRY_USER: 'me', REGISTRY_TOKEN: 'mine' };
      const shell = spawn('bash', ['-eu', '-c', script], {
        cwd: folder,
        env: { ...env, ...secrets, PATH: path, LOG: log },
      });
      const { code, stderr } = await run(shell);
      if (code !== 0) throw new Error(stderr);
      const commands = readFileSync(log, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as string[]);
      await setIam(iamOf(commands));
      await setRepository(repositoryOf(commands));
    },
    async stop() {
      await lab.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The environment of somebody who is signed in to gcloud and has the lab's project there. Its files are in `folder`. */
export function credentials(lab: Lab, folder: string): NodeJS.ProcessEnv {
  mkdirSync(join(folder, 'gcloud', 'configurations'), { recursive: true });
  const config = `[core]\naccount = me@example.com\nproject = ${LAB.project}\n`;
  writeFileSync(join(folder, 'gcloud', 'configurations', 'config_default'), config);
  writeFileSync(join(folder, 'adc.json'), lab.externalAccountFile);
  const { GITHUB_REPOSITORY: _, ACTIONS_ID_TOKEN_REQUEST_URL: __, ...apis } = lab.env;
  return {
    ...{ ...childEnv(), HOME: folder, CLOUDSDK_CONFIG: join(folder, 'gcloud') },
    ...{ GOOGLE_APPLICATION_CREDENTIALS: join(folder, 'adc.json'), ...otherApis(lab.gcp.url), ...apis },
  };
}

/** Notes its name and words. `gh api user` returns a number, as with `--jq .id`; gcloud returns that of a project. */
const RECORDER = `#!/usr/bin/env node
const { appendFileSync } = require('node:fs');
const { basename } = require('node:path');
const words = [basename(process.argv[1]), ...process.argv.slice(2)];
appendFileSync(process.env.LOG, JSON.stringify(words) + '\\n');
if (words.slice(0, 3).join(' ') === 'gh api user') console.log(42);
if (words.slice(0, 3).join(' ') === 'gcloud projects describe') console.log(${LAB.projectNumber});
`;

/** What IAM has after some commands of gcloud. */
function iamOf(commands: readonly string[][]): Partial<IamState> {
  const state = { providers: {}, roles: {}, projectBindings: [], accounts: {} } as Omit<IamState, 'denied'>;
  let configured = '';
  for (const words of commands) {
    const flag = (name: string) => (words.includes(`--${name}`) ? (words[words.indexOf(`--${name}`) + 1] ?? '') : '');
    const at = (count: number) => words.slice(1, 1 + count).join(' ');
    if (at(3) === 'config set project') configured = words[4] ?? '';
    const project = flag('project') || configured;
    if (at(3) === 'iam roles create') {
      const file = flag('file');
      state.roles[`projects/${project}/roles/${words[4]}`] = file
        ? permissionsOf(file)
        : flag('permissions').split(',');
    }
    if (at(3) === 'iam service-accounts create') state.accounts[`${words[4]}@${project}.iam.gserviceaccount.com`] = [];
    if (at(3) === 'iam service-accounts add-iam-policy-binding') {
      state.accounts[words[4] ?? '']?.push({ role: flag('role'), members: [flag('member')] });
    }
    if (at(2) === 'projects add-iam-policy-binding') {
      state.projectBindings.push({ role: flag('role'), members: [flag('member')] });
    }
    if (at(4) === 'iam workload-identity-pools providers create-oidc') {
      const pool = `projects/${LAB.projectNumber}/locations/global/workloadIdentityPools/${flag('workload-identity-pool')}`;
      const pairs = flag('attribute-mapping')
        .split(',')
        .map((pair) => pair.split('='));
      state.providers[`${pool}/providers/${words[5]}`] = {
        oidc: { issuerUri: flag('issuer-uri') },
        attributeMapping: Object.fromEntries(pairs) as Record<string, string>,
        attributeCondition: flag('attribute-condition'),
      };
    }
  }
  return state;
}

/** Of the file of a custom role, by its path in the gate. */
function permissionsOf(path: string): string[] {
  const text = readFileSync(resolve(import.meta.dirname, '../..', path), 'utf8');
  return (parse(text) as { includedPermissions: string[] }).includedPermissions;
}

/** What the repository has after some commands of gh. */
function repositoryOf(commands: readonly string[][]): Partial<GithubRepository> {
  const put = commands.find(([program, ...words]) => program === 'gh' && words.includes('PUT'));
  const environment = /\/environments\/(.+)$/.exec(put?.find((word) => word.startsWith('repos/')) ?? '')?.[1];
  const labels = commands
    .filter((words) => words.slice(0, 3).join(' ') === 'gh label create')
    .map((words) => words[3] ?? '');
  return {
    labels,
    ...(environment && put?.includes('reviewers[][id]=42') ? { environments: { [environment]: ['me'] } } : {}),
  };
}

/** `open`: the input stays, as a terminal's does. */
function run(child: ChildProcess, { open = false } = {}): Promise<Ended> {
  const ended: Ended = { code: null, stdout: '', stderr: '' };
  if (!open) child.stdin?.end();
  child.stdout?.on('data', (chunk: Buffer) => {
    ended.stdout += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    ended.stderr += chunk.toString();
  });
  return new Promise((done) => {
    child.once('close', (code) => done({ ...ended, code }));
  });
}
