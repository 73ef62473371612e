import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { END_SIGNALS } from '../end-signals.ts';

const KILLED = 137;

/**
 * Runs this command line again in a private network, with `env` added to its environment. Returns its exit code. `root`
 * is the folder of the project. Every signal goes to the command, which ends itself once its nodes are released. The end
 * of this process ends all processes of that network at once.
 */
export function runInPrivateNetwork(root: string, env: Record<string, string>): Promise<number> {
  const child = spawn(
    join(root, 'scripts/in-private-network'),
    [process.execPath, ...process.execArgv, ...process.argv.slice(1)],
    // A group of its own, so that a terminal's interrupt comes once, over the channel.
    { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], detached: true, env: { ...process.env, ...env } },
  );
  const pass = (signal: NodeJS.Signals) => {
    if (child.connected) child.send({ signal }, () => {});
    else child.kill('SIGTERM');
  };
  for (const signal of END_SIGNALS) process.on(signal, pass);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      for (const signal of END_SIGNALS) process.off(signal, pass);
      resolve(code ?? KILLED);
    });
  });
}

/**
 * In the private network: calls back with each signal that the process outside has passed on, and ends this process,
 * and with it the network's, when that process is gone. Returns a function that stops listening.
 */
export function onSignalFromOutside(call: (signal: NodeJS.Signals) => void): () => void {
  const onMessage = (message: unknown) => {
    const { signal } = message as { signal?: NodeJS.Signals };
    if (signal) call(signal);
  };
  const onDisconnect = () => process.exit(KILLED);
  process.on('message', onMessage);
  process.on('disconnect', onDisconnect);
  return () => {
    process.off('message', onMessage);
    process.off('disconnect', onDisconnect);
    if (process.connected) process.disconnect();
  };
}
