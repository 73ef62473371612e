import { Worker } from 'node:worker_threads';

/** How long a thread may take to have its port. */
const START_LIMIT_MS = 10_000;

/** An endpoint on loopback in a thread of this process. */
export interface EndpointThread {
  port: number;
  close(): Promise<void>;
}

/**
 * Starts a program as a thread and waits for the port that it posts: `dist/load.js` serves its measuring endpoint when it
 * runs as a thread. Throws an Error where the thread ends, fails, or has no port within 10 s.
 */
export async function startEndpointThread(program: string): Promise<EndpointThread> {
  const worker = new Worker(program, { eval: true });
  let timer: NodeJS.Timeout | undefined;
  try {
    const port = await new Promise<number>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', (code) => reject(new Error(`the thread ended with code ${code} before it had a port`)));
      timer = setTimeout(() => reject(new Error('the thread had no port in time')), START_LIMIT_MS);
    });
    return {
      port,
      close: async () => {
        await worker.terminate();
      },
    };
  } catch (error) {
    await worker.terminate();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
