import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { childEnv } from '../../lab/child-env.ts';

const DIST = resolve(import.meta.dirname, '../../dist');

/** Of the job's inputs, those that sweep/action.yml has too. */
const SWEEP_INPUTS = [
  'project-id',
  'location',
  'cluster',
  'workload-identity-provider',
  'credentials-json',
  'github-token',
  'poll-interval',
  'lease-namespace',
];

export interface StepResult {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** stdout and stderr, as the log has them. */
  log: string;
}

/** What of a step's process differs from how the runner starts it. */
export interface Launch {
  /** Before the script, for Node. */
  nodeArgs?: string[];
  /** A process group of its own, which a signal can be sent to. */
  ownGroup?: boolean;
  /** An open file in place of the pipe. */
  stdout?: number;
  /** Bytes that a file may have, a limit of the process (RLIMIT_FSIZE). */
  fileBytes?: number;
  env?: Record<string, string>;
}

export interface Job {
  /** Starts `main`; its state file feeds `post` whatever becomes of it. */
  main(launch?: Launch): { child: ChildProcess; done: Promise<StepResult> };
  post(launch?: Launch): { child: ChildProcess; done: Promise<StepResult> };
  /** The sweeper, as a step of another workflow. */
  sweep(launch?: Launch): { child: ChildProcess; done: Promise<StepResult> };
  outputs(): Record<string, string>;
  state(): Record<string, string>;
  summary(step: 'main' | 'post' | 'sweep'): string;
  /** Contents of all files that the job left in its folders. */
  files(): string[];
  temp: string;
  workspace: string;
  /** Of the step; changes count for what is started next. */
  inputs: Record<string, string>;
  env: Record<string, string>;
  close(): void;
}

/**
 * GitHub's runner as an action sees it: inputs as INPUT_* variables (hyphens kept), command files, an event payload,
 * state carried from main to post, cwd in the workspace. Facts: NodeScriptActionHandler.cs and ActionRunner.cs.
 */
export function fakeRunner(options: {
  inputs: Record<string, string>;
  env: Record<string, string>;
  event: { name: string; payload: unknown };
  /** Folder of the action's programs; `dist/` of this checkout unless given. */
  dist?: string;
}): Job {
  const folder = mkdtempSync(join(tmpdir(), 'fake-runner-'));
  const path = (name: string) => join(folder, name);
  const workspace = path('workspace');
  const temp = path('temp');
  for (const each of [workspace, temp]) mkdirSync(each);
  writeFileSync(path('event.json'), JSON.stringify(options.event.payload));
  for (const name of ['output', 'state', 'summary-main', 'summary-post', 'summary-sweep'])
    writeFileSync(path(name), '');
  const read = (name: string) => commandFile(readFileSync(path(name), 'utf8'));

  const start = (step: 'main' | 'post' | 'sweep', launch: Launch = {}) => {
    const known = (name: string) => step !== 'sweep' || SWEEP_INPUTS.includes(name);
    const inputs = Object.entries(options.inputs)
      .filter(([name]) => known(name))
      .map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]);
    const state = step === 'post' ? Object.entries(read('state')).map(([name, value]) => [`STATE_${name}`, value]) : [];
    const command = [process.execPath, ...(launch.nodeArgs ?? []), join(options.dist ?? DIST, `${step}.js`)];
    const limit = launch.fileBytes === undefined ? [] : ['prlimit', `--fsize=${launch.fileBytes}`];
    const [program = '', ...args] = [...limit, ...command];
    const child = spawn(program, args, {
      cwd: workspace,
      stdio: ['ignore', launch.stdout ?? 'pipe', 'pipe'],
      detached: launch.ownGroup === true,
      env: {
        ...childEnv(),
        HOME: folder,
        GITHUB_ACTIONS: 'true',
        GITHUB_ACTION: '__self',
        GITHUB_RUN_ID: step === 'sweep' ? '18300099999' : '18300012345',
        GITHUB_RUN_ATTEMPT: '1',
        GITHUB_RUN_NUMBER: '412',
        GITHUB_WORKFLOW: 'gate',
        GITHUB_JOB: 'tpu',
        GITHUB_SHA: '4f1c2ab8d4f1c2ab8d4f1c2ab8d4f1c2ab8d4f1c',
        GITHUB_EVENT_NAME: options.event.name,
        GITHUB_EVENT_PATH: path('event.json'),
        GITHUB_WORKSPACE: workspace,
        GITHUB_OUTPUT: path('output'),
        GITHUB_STATE: path('state'),
        GITHUB_STEP_SUMMARY: path(`summary-${step}`),
        RUNNER_TEMP: temp,
        ...options.env,
        ...Object.fromEntries([...inputs, ...state]),
        ...launch.env,
      },
    });
    let log = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        log += chunk.toString();
      });
    }
    const done = new Promise<StepResult>((finish) => {
      child.once('close', (code, signal) => finish({ code, signal, log }));
    });
    return { child, done };
  };

  return {
    main: (launch) => start('main', launch),
    post: (launch) => start('post', launch),
    sweep: (launch) => start('sweep', launch),
    outputs: () => read('output'),
    state: () => read('state'),
    summary: (step) => readFileSync(path(`summary-${step}`), 'utf8'),
    files: () =>
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8')),
    temp,
    workspace,
    inputs: options.inputs,
    env: options.env,
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Parses `name<<DELIMITER` blocks and `name=value` lines, as the runner does for GITHUB_OUTPUT and GITHUB_STATE. */
function commandFile(text: string): Record<string, string> {
  const values: Record<string, string> = {};
  const lines = text.split('\n');
  while (lines.length > 0) {
    const line = lines.shift() as string;
    const heredoc = /^([^=]+?)<<(.+)$/.exec(line);
    if (heredoc) {
      const [, name, delimiter] = heredoc;
      const body: string[] = [];
      for (let next = lines.shift(); next !== undefined && next !== delimiter; next = lines.shift()) body.push(next);
      values[name as string] = body.join('\n');
      continue;
    }
    const at = line.indexOf('=');
    if (at > 0) values[line.slice(0, at)] = line.slice(at + 1);
  }
  return values;
}
