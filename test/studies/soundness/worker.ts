import { parentPort } from 'node:worker_threads';
import { type Row, study } from './study.ts';

/** One row of the table: what is asked of a worker. */
export interface Task {
  day: string;
  speedup: number;
  runs: number;
  seed: number;
}

parentPort?.on('message', ({ day, speedup, runs, seed }: Task) => {
  parentPort?.postMessage(study(day, speedup, runs, seed) satisfies Row);
});
