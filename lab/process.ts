import type { GcpConfig, GithubConfig, KubeConfig, ServingConfig } from './protocol.ts';

/** What one lab process is asked to be. */
export type LabRole =
  | { role: 'gcp'; config: GcpConfig }
  | { role: 'kube'; config: KubeConfig }
  | { role: 'serving'; config: ServingConfig }
  | { role: 'github'; config: GithubConfig };

/** What a lab process says to its parent. */
export type LabMessage = { ready: Record<string, string> } | { failed: string };

/**
 * The body of one lab process: waits for its role by IPC, starts, reports its ports, and ends when the parent asks or
 * goes away, so that no run leaves a server behind.
 */
export function runLabProcess(): void {
  const tell = (message: LabMessage) => process.send?.(message);
  process.once('message', (message) => {
    start(message as LabRole).then(
      ({ close, ...ports }) => {
        tell({ ready: ports as Record<string, string> });
        const end = () => {
          close().finally(() => process.exit(0));
        };
        process.on('message', (text) => text === 'stop' && end());
        process.on('disconnect', end);
        process.on('SIGTERM', end);
        // Ctrl-C reaches the whole process group; the parent decides when the lab ends.
        process.on('SIGINT', () => {});
      },
      (error: unknown) => {
        tell({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) });
        process.exitCode = 1;
      },
    );
  });
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
