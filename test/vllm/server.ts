import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { VLLM_ENVIRONMENT } from '../../lab/stack/vllm.ts';
import { FLAGS, MAX_MODEL_LEN, MODEL, type ServerKind } from './exchanges.ts';

/** What `scripts/vllm-assets` prints; null where it does not hold vLLM. */
export function vllmAssets(env: Readonly<Record<string, string | undefined>>): string | null {
  const folder = env.VLLM_ASSETS;
  return folder && existsSync(join(folder, 'venv/bin/vllm')) ? folder : null;
}

/** How to get it, as one sentence. */
export const HOW_TO_GET_VLLM =
  'They need vLLM for the CPU: VLLM_ASSETS="$(scripts/vllm-assets)" npm run test:vllm ' +
  '(installs 6 GB once, with Python; needs AVX-512).';

const START_MS = 400_000;

export interface RealVllm {
  url: string;
  stop(): Promise<void>;
}

/** Starts vLLM on a free port of loopback; resolves when it serves. Throws with its last lines when it ends before. */
export async function startVllm(assets: string, kind: ServerKind, extra: readonly string[] = []): Promise<RealVllm> {
  const port = await freePort();
  const model = join(assets, 'models', kind === 'base' ? 'base' : 'chat');
  const args = [
    `--served-model-name=${MODEL}`,
    '--host=127.0.0.1',
    `--port=${port}`,
    `--max-model-len=${MAX_MODEL_LEN}`,
    ...FLAGS[kind],
    ...extra,
  ];
  // Only `vllm serve` heeds --api-server-count.
  const vllm = spawnVllm(assets, [join(assets, 'venv/bin/vllm'), 'serve', model, ...args]);
  const url = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + START_MS;
  while (!(await isUp(url))) {
    if (vllm.ended() || Date.now() > deadline) {
      await vllm.stop();
      throw new Error(`vLLM did not start to serve: ${vllm.output().split('\n').slice(-30).join('\n')}`);
    }
    await sleep(300);
  }
  return { url, stop: vllm.stop };
}

/** Starts vLLM as Pattern 3 does, which is expected to end by itself, and returns all that it wrote, with its exit code. */
export async function runToEnd(
  assets: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number | null; output: string }> {
  const vllm = spawnVllm(assets, ['-m', 'vllm.entrypoints.openai.api_server', '--host=127.0.0.1', ...args], env);
  const giveUp = setTimeout(() => void vllm.stop(), START_MS);
  const code = await vllm.exit;
  clearTimeout(giveUp);
  await vllm.stop();
  return { code, output: vllm.output() };
}

interface Spawned {
  exit: Promise<number | null>;
  ended(): boolean;
  output(): string;
  stop(): Promise<void>;
}

function spawnVllm(assets: string, args: readonly string[], env: Record<string, string> = {}): Spawned {
  const home = mkdtempSync(join(tmpdir(), 'vllm-'));
  // Engine and API servers are processes of their own: a group, which ends as one.
  const child: ChildProcess = spawn(
    join(assets, 'venv/bin/python'),
    [...args, '--load-format=dummy', '--enforce-eager'],
    {
      detached: true,
      cwd: home,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: `${join(assets, 'venv/bin')}:/usr/bin:/bin`, HOME: home, TMPDIR: home, ...VLLM_ENVIRONMENT, ...env },
    },
  );
  let output = '';
  let ended = false;
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (output += chunk));
  const exit = once(child, 'close').then(([code]) => {
    ended = true;
    return code as number | null;
  });
  const killAll = (signal: NodeJS.Signals) => {
    try {
      process.kill(-(child.pid as number), signal);
    } catch {
      // None of them is left.
    }
  };
  const onExit = () => killAll('SIGKILL');
  process.once('exit', onExit);
  return {
    exit,
    ended: () => ended,
    output: () => output,
    async stop() {
      killAll('SIGTERM');
      await Promise.race([exit, sleep(5_000)]);
      killAll('SIGKILL');
      await exit;
      process.off('exit', onExit);
      rmSync(home, { recursive: true, force: true });
    },
  };
}

async function isUp(url: string): Promise<boolean> {
  return fetch(`${url}/health`).then(
    ({ ok }) => ok,
    () => false,
  );
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
