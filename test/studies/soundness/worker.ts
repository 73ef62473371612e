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

/** One row of the table of the change. */
export interface ChangeTask {
  day: string;
  effect: number;
  maxSlowdown: number;
  runs: number;
  seed: number;
}

export type Task = ScalingTask | ChangeTask;

parentPort?.on('message', (task: Task) => {
  const { day, runs, seed } = task;
  parentPort?.postMessage('effect' in task ? changeStudy(day, task) : study(day, task.speedup, runs, seed));
});
