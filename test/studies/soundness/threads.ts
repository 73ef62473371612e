import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Task } from './worker.ts';

/** The rows in the order of the tasks, each from a thread of its own while the machine has processors for it. */
export async function* rowsOf<Row>(tasks: readonly Task[]): AsyncGenerator<Row> {
  const rows = tasks.map(() => Promise.withResolvers<Row>());
  let next = 0;
  const workers = Array.from({ length: Math.min(availableParallelism(), tasks.length) }, () => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url));
    let current = -1;
    const give = () => {
      current = next;
      next += 1;
      const task = tasks[current];
      if (task) worker.postMessage(task);
    };
    worker.on('message', (row: Row) => {
      rows[current]?.resolve(row);
      give();
    });
    worker.on('error', (error) => rows[current]?.reject(error));
    give();
    return worker;
  });
  try {
    for (const { promise } of rows) yield await promise;
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
