import { END_SIGNALS } from './end-signals.ts';
import type { GcpConfig, GithubConfig, KubeConfig, ServingConfig } from './protocol.ts';

/** What one lab process is asked to be. */
export type LabRole =
  | { role: 'gcp'; config: GcpConfig }
  | { role: 'kube'; config: KubeConfig }
  | { role: 'serving'; config: ServingConfig }
  | { role: 'github'; config: GithubConfig };

/** What a lab process says to its parent. */
export type LabMessage = { ready: Record<string, string> } | { failed: string };

/** For a server that does not close. */
const CLOSE_LIMIT_MS = 5_000;

/**
 * The body of one lab process: waits for its role by IPC, starts, reports its ports, and ends when the parent asks or
 * goes away, so that no run leaves a server behind. A signal does not end it: the gate may still need it to release.
 */
export function runLabProcess(): void {
  for (const signal of END_SIGNALS) process.on(signal, () => {});
  const asked = new Promise<void>((end) => {
    process.once('disconnect', end);
    process.on('message', (message) => message === 'stop' && end());
  });
  const role = new Promise<LabRole>((give) => process.once('message', (message) => give(message as LabRole)));
  void Promise.race([role, asked]).then(async (wanted) => {
    // Without a role there is nothing to close.
    if (!wanted) process.exit(0);
    try {
      const { close, ...ports } = await start(wanted);
      tell({ ready: ports as Record<string, string> });
      await asked;
      setTimeout(() => process.exit(1), CLOSE_LIMIT_MS);
      await close();
      process.exit(0);
    } catch (error) {
      tell({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) }, () => process.exit(1));
    }
  });
}

function tell(message: LabMessage, then: () => void = () => {}): void {
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
