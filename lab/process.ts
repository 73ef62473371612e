import { END_SIGNALS } from './end-signals.ts';
import type { GcpConfig, GithubConfig, KubeConfig, ServingConfig } from './protocol.ts';

/** What one lab process is asked to be. */
export type LabRole =
  | { role: 'gcp'; config: GcpConfig }
  | { role: 'kube'; config: KubeConfig }
  | { role: 'serving'; config: ServingConfig }
  | { role: 'github'; config: GithubConfig };

/** What a lab process reports to its parent of one role. */
export type LabMessage = { role: LabRole['role'] } & ({ ready: Record<string, string> } | { failed: string });

/** For a server that does not close. */
const CLOSE_LIMIT_MS = 5_000;

/**
 * The body of one lab process: takes its roles by IPC, starts each, reports its ports, and ends when the parent asks or
 * goes away, so that no run leaves a server behind. When asked to clear, it closes its servers and waits for the roles of
 * another lab. A signal does not end it: the gate may still need it to release.
 */
export function runLabProcess(): void {
  for (const signal of END_SIGNALS) process.on(signal, () => {});
  const servers: Promise<{ close(): Promise<void> }>[] = [];
  let isEnding = false;
  const areClosed = async () => {
    const ends = await Promise.allSettled(servers.splice(0).map(async (server) => (await server).close()));
    return ends.every(({ status }) => status === 'fulfilled');
  };
  const end = async () => {
    if (isEnding) return;
    isEnding = true;
    setTimeout(() => process.exit(1), CLOSE_LIMIT_MS);
    process.exit((await areClosed()) ? 0 : 1);
  };
  const clear = async () => {
    if (!(await areClosed())) process.exit(1);
    if (process.connected) process.send?.('cleared');
  };
  process.once('disconnect', end);
  process.on('message', (message) => {
    if (message === 'stop') void end();
    else if (message === 'clear') void clear();
    else servers.push(play(message as LabRole));
  });
}

/** Starts one role and reports its ports; a failure ends the process. */
async function play(wanted: LabRole): Promise<{ close(): Promise<void> }> {
  const { role } = wanted;
  try {
    const { close, ...ports } = await start(wanted);
    report({ role, ready: ports as Record<string, string> });
    return { close };
  } catch (error) {
    const failed = error instanceof Error ? (error.stack ?? error.message) : String(error);
    report({ role, failed }, () => process.exit(1));
    return { close: async () => {} };
  }
}

function report(message: LabMessage, then: () => void = () => {}): void {
  if (process.connected) process.send?.(message, then);
  else then();
}

async function start(wanted: LabRole): Promise<{ close(): Promise<void> } & object> {
  switch (wanted.role) {
    case 'gcp':
      return (await import('./google/server.ts')).startGcp(wanted.config);
    case 'kube':
      return (await import('./kube-process.ts')).startKube(wanted.config);
    case 'serving':
      return (await import('./serving/server.ts')).startServing(wanted.config);
    case 'github':
      return (await import('./github/server.ts')).startGithub(wanted.config);
  }
}
