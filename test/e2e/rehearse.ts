import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CLI } from '../cli.ts';
import { MEASURED_SCALE, MINUTES, plain, UNMEASURED_SCALE } from './e2e.ts';
import { ON_A_BUSY_MACHINE } from './quiet.ts';

/** Exit code of a rehearsal whose machine was too busy. */
const BUSY = 6;

/** Fewer and shorter pairs than `npm run rehearse` has, and nothing beside the verdict. */
function rehearse(
  scenario: string,
  inferenceScale: number,
  pairs: string,
  flags: string[],
): Promise<{ code: number | null; log: string; comment: string }> {
  const output = mkdtempSync(join(tmpdir(), 'rehearsal-'));
  const child = spawn(
    process.execPath,
    [
      ...[
        CLI,
        'rehearse',
        '--scenario',
        scenario,
        '--time-scale',
        String(UNMEASURED_SCALE),
        '--inference-scale',
        String(inferenceScale),
        '--output-dir',
        output,
      ],
      ...[
        '--',
        `--pairs=${pairs}`,
        `--pair-duration=${inferenceScale === MEASURED_SCALE ? '2s' : '1s'}`,
        '--latency-duration=0s',
        '--runbook=false',
        '--goodput-slo=off',
        // Load costs both cores while it lasts, and nobody reads the figures of faster engines.
        `--concurrency=${inferenceScale === MEASURED_SCALE ? 10 : 2}`,
        ...flags,
      ],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      log += chunk.toString();
    });
  }
  return new Promise((done) => {
    child.once('close', (code) => {
      const comment = plain(readFileSync(join(output, 'comment.md'), 'utf8'));
      rmSync(output, { recursive: true, force: true });
      done({ code, log, comment });
    });
  });
}

/** Rehearsals by scenario: how each must end, and what its comment must say. */
export function describeRehearsals(
  inferenceScale: number,
  cases: { scenario: string; code: number; says: (string | RegExp)[]; pairs?: string; flags?: string[] }[],
): void {
  describe('a rehearsal', () => {
    it.each(cases)(
      '$scenario ends as promised, with a comment that says why and no node left',
      { timeout: 3 * MINUTES, ...ON_A_BUSY_MACHINE },
      async ({ scenario, code, says, pairs = '4-8', flags = [] }) => {
        const run = await rehearse(scenario, inferenceScale, pairs, flags);
        if (run.code === BUSY) throw new Error(/this machine is too busy to measure.*/.exec(run.log)?.[0]);
        expect(run.log).toContain('lab: as the scenario promises');
        expect(run.log).toContain('has 0 nodes and is asked to hold 0');
        expect(run.code).toBe(code);
        for (const text of says) expect(run.comment, `${scenario} says ${text}`).toMatch(text);
      },
    );
  });
}
