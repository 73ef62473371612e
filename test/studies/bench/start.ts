import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rsaKeyPair } from '../../../lab/keys.ts';
import type { Findings } from './findings.ts';
import { freshDist } from './fresh-dist.ts';
import { inTurn, median, medianRatio } from './rounds.ts';

/**
 * How long the action takes to refuse a bad input, and until its first request reaches Google's token endpoint, as
 * multiples of an empty Node process. Each process starts as in a job on GitHub's runner: without a cache of compiled code.
 */
const ROUNDS = 15;
const LIMIT_MS = 30_000;

export async function measureStart({ found, note }: Findings): Promise<void> {
  const main = join(await freshDist(), 'main.js');
  const folder = await mkdtemp(join(tmpdir(), 'bench-start-'));
  const google = await startGoogle();
  try {
    const empty = join(folder, 'empty.cjs');
    await writeFile(empty, '');
    const files = { GITHUB_OUTPUT: join(folder, 'output'), GITHUB_STATE: join(folder, 'state') };
    for (const file of Object.values(files)) await writeFile(file, '');
    const env = {
      PATH: process.env.PATH,
      HOME: folder,
      GITHUB_WORKSPACE: folder,
      RUNNER_TEMP: folder,
      ...files,
      ...JOB,
    };
    const start = (script: string, more: Record<string, string> = {}) =>
      spawn(process.execPath, [script], { cwd: folder, env: { ...env, ...more }, stdio: ['ignore', 'pipe', 'pipe'] });
    const taken = await inTurn(ROUNDS, {
      empty: () => untilEnd(() => start(empty), 0),
      refused: () => untilEnd(() => start(main, { ...google.inputs, INPUT_NODES: 'many' }), 1),
      called: () => untilCall(() => start(main, { ...google.env, ...google.inputs }), google.nextToken),
    });
    for (const [name, values] of Object.entries(taken)) note(`${name}: ${median(values).toFixed(0)} ms`);
    found('bad-input', medianRatio(taken.refused, taken.empty));
    found('first-call', medianRatio(taken.called, taken.empty));
  } finally {
    google.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** What GitHub's runner sets for a push. */
const JOB = {
  GITHUB_ACTIONS: 'true',
  GITHUB_ACTION: '__self',
  GITHUB_EVENT_NAME: 'push',
  GITHUB_REPOSITORY: 'octo/serving',
  GITHUB_REF: 'refs/heads/main',
  GITHUB_RUN_ID: '1',
  GITHUB_RUN_ATTEMPT: '1',
};

interface Google {
  env: Record<string, string>;
  inputs: Record<string, string>;
  /** Resolves once a request for a token has reached Google's endpoint. */
  nextToken(): Promise<void>;
  close(): void;
}

/** Google's endpoint of access tokens on loopback, and inputs with a key for it. */
async function startGoogle(): Promise<Google> {
  let called: (() => void) | undefined;
  const server = createServer((_, response) => {
    // The process is ended now: nothing is measured that follows its first call.
    called?.();
    response.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    env: {
      CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER: `${base}/`,
    },
    inputs: {
      INPUT_MODE: 'validate',
      'INPUT_PROJECT-ID': 'lab-project',
      INPUT_LOCATION: 'europe-west4-a',
      INPUT_CLUSTER: 'cluster',
      'INPUT_CREDENTIALS-JSON': JSON.stringify({
        ...{ type: 'service_account', project_id: 'lab-project', private_key_id: '1', token_uri: `${base}/token` },
        private_key: rsaKeyPair('service-account').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
        client_email: 'gate@lab-project.iam.gserviceaccount.com',
      }),
    },
    nextToken: () =>
      new Promise((resolve) => {
        called = resolve;
      }),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Milliseconds until a process has ended, which must be with this exit code. */
async function untilEnd(start: () => ChildProcess, code: number): Promise<number> {
  const began = performance.now();
  const child = start();
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data: Buffer) => (log += data));
  const ended = await new Promise((resolve) => child.once('close', resolve));
  const tookMs = performance.now() - began;
  if (ended !== code) throw new Error(`a process ended with ${ended}, not with ${code}:\n${log}`);
  return tookMs;
}

/** Milliseconds until a process has made its call; then it is ended. */
async function untilCall(start: () => ChildProcess, call: () => Promise<void>): Promise<number> {
  const called = call();
  const began = performance.now();
  const child = start();
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data: Buffer) => (log += data));
  const ended = new Promise<string>((resolve) => child.once('close', (code) => resolve(`ended with ${code}`)));
  const late = new Promise<string>((resolve) => setTimeout(resolve, LIMIT_MS, 'is late').unref());
  const end = await Promise.race([called, ended, late]);
  const tookMs = performance.now() - began;
  child.kill('SIGKILL');
  await ended;
  if (typeof end === 'string') throw new Error(`a process ${end} and made no call to Google:\n${log}`);
  return tookMs;
}
