import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';

export interface Ended {
  /** Null when it was ended for its time or its output. */
  exitCode: number | null;
  stdout: string;
  stderr: string;
  /** Why it was ended. */
  ended: 'time' | 'output' | null;
}

interface Limits {
  timeoutMs: number;
  mostBytes: number;
}

/** Nothing listens there: the port of the discard service. */
const NOWHERE = 'http://127.0.0.1:9';

/** The absolute path of a program in the folders of a PATH; null where there is none. */
export async function findProgram(name: string, path: string): Promise<string | null> {
  for (const folder of path.split(delimiter).filter(isAbsolute)) {
    const file = join(folder, name);
    if (
      await access(file, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return file;
  }
  return null;
}

/**
 * Runs a program that finds no other program, no home, no credential and no proxy, in a network of its own where the
 * system lets a user have one. Ends it and every process that it started when it takes too long or writes too much.
 * Rejects when it cannot be started.
 */
export async function runIsolated(
  program: string,
  args: readonly string[],
  options: Limits & { cwd: string; emptyFolder: string; path: string },
): Promise<Ended> {
  const { cwd, emptyFolder, path, ...limits } = options;
  const env = isolatedEnv(emptyFolder);
  const unshare = await findProgram('unshare', path);
  if (unshare) {
    const alone = await run(unshare, ['--map-root-user', '--net', '--', program, ...args], { cwd, env, ...limits });
    // Many systems let no user have a network of their own; then the environment alone has to keep it away.
    if (!/^unshare: /.test(alone.stderr)) return alone;
  }
  return run(program, args, { cwd, env, ...limits });
}

function isolatedEnv(emptyFolder: string): Record<string, string> {
  const proxies = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'].flatMap((name) => [name, name.toLowerCase()]);
  return {
    PATH: emptyFolder,
    HOME: emptyFolder,
    TMPDIR: emptyFolder,
    XDG_CONFIG_HOME: emptyFolder,
    XDG_CACHE_HOME: emptyFolder,
    KUBECONFIG: '/dev/null',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ALLOW_PROTOCOL: 'none',
    GIT_SSH_COMMAND: '/nonexistent',
    NO_PROXY: '',
    no_proxy: '',
    ...Object.fromEntries(proxies.map((name) => [name, NOWHERE])),
  };
}

function run(
  program: string,
  args: readonly string[],
  { cwd, env, timeoutMs, mostBytes }: Limits & { cwd: string; env: Record<string, string> },
): Promise<Ended> {
  const { promise, resolve, reject } = Promise.withResolvers<Ended>();
  // Detached: a group of its own, so that all of it can be ended.
  const child = spawn(program, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  let ended: Ended['ended'] = null;
  const end = (reason: Ended['ended']) => {
    ended ??= reason;
    killGroup(child.pid);
  };
  const timer = setTimeout(() => end('time'), timeoutMs);
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      if (ended) return;
      output[name] += text;
      if (output.stdout.length + output.stderr.length > mostBytes) end('output');
    });
  }
  child.on('error', (error) => {
    clearTimeout(timer);
    reject(error);
  });
  child.on('exit', () => killGroup(child.pid));
  child.on('close', (exitCode) => {
    clearTimeout(timer);
    resolve({ exitCode: ended ? null : exitCode, ...output, ended });
  });
  return promise;
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of it has ended.
  }
}
