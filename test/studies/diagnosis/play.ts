import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Report } from '../../../src/report/model.ts';
import type { Fault } from './faults.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
/** Seconds of cluster time in one second of wall time. */
const SCALE = 100;
/** What no cause depends on is kept short. */
const QUICK = [
  '--pairs=3-3',
  '--pair-duration=2s',
  '--latency-duration=0s',
  '--runbook=false',
  '--goodput-slo=off',
  // Five seconds of cluster time, as the default is.
  `--poll-interval=${5_000 / SCALE}ms`,
  '--concurrency=8',
];

/** What the gate made of a fault. */
export interface Played {
  exit: number | null;
  /** Null where the run left no result. */
  report: Report | null;
  /** Markdown. */
  comment: string;
  log: string;
  /** When each fault could be seen first, in wall milliseconds. */
  seen: readonly { at: number; what: string }[];
  nodesLeft: boolean;
  seconds: number;
}

/** Runs the whole gate against the lab with this fault, as `tpu-serving-gate rehearse` does. Its files are in `folder`. */
export async function play({ name }: Fault, folder: string): Promise<Played> {
  const began = performance.now();
  const args = ['rehearse', '--scenario', name, '--time-scale', String(SCALE), '--output-dir', folder, '--', ...QUICK];
  const child = spawn(process.execPath, [join(ROOT, 'src/cli.ts'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { NODE_COMPILE_CACHE: join(ROOT, 'node_modules/.cache/compiled'), ...process.env },
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      log += chunk.toString();
    });
  }
  const exit = await new Promise<number | null>((done) => child.once('close', done));
  const ended = { exit, log, seconds: (performance.now() - began) / 1_000 };
  try {
    const read = (file: string) => readFileSync(join(folder, file), 'utf8');
    const { faults } = JSON.parse(read('lab.json')) as { faults: Played['seen'] };
    return {
      ...ended,
      report: JSON.parse(read('result.json')) as Report,
      comment: read('comment.md'),
      seen: faults,
      nodesLeft: !log.includes('has 0 nodes and is asked to hold 0'),
    };
  } catch {
    process.stderr.write(`${name}:\n${log.slice(-3_000)}\n`);
    return { ...ended, report: null, comment: '', seen: [], nodesLeft: true };
  }
}
