import { parentPort } from 'node:worker_threads';
import { changeStudy } from './change-study.ts';
import { study } from './study.ts';

/** One row of the table of the scaling: what is asked of a worker. */
export interface ScalingTask {
  day: string;
  speedup: number;
  runs: number;
  seed: number;
}

/** Rows of the table of the change that are made of the same pairs, one for each allowed loss. */
export interface ChangeTask {
  day: string;
  effect: number;
  allowed: readonly number[];
  runs: number;
  seed: number;
}

export type Task = ScalingTask | ChangeTask;

parentPort?.on('message', (task: Task) => {
  const { day, runs, seed } = task;
  parentPort?.postMessage('effect' in task ? changeStudy(day, task) : study(day, task.speedup, runs, seed));
});
