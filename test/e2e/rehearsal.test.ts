import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const CLI = resolve(import.meta.dirname, '../../src/cli.ts');
const MINUTES = 60_000;
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rehearsal-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** `pass` is what `npm run rehearse` shows; these are the ways to end otherwise. Fewer and shorter pairs than there. */
function rehearse(scenario: string): Promise<{ code: number | null; log: string; comment: string }> {
  const output = join(folder, scenario);
  const child = spawn(
    process.execPath,
    [CLI, 'rehearse', '--scenario', scenario, '--output-dir', output, '--', '--pairs=4-8', '--pair-duration=2s'],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let log = '';
  child.stdout.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  return new Promise((done) => {
    child.once('close', (code) =>
      done({ code, log, comment: readFileSync(join(output, 'comment.md'), 'utf8').replaceAll('\u00a0', ' ') }),
    );
  });
}

describe('a rehearsal', () => {
  it.each([
    {
      scenario: 'slow',
      code: 1,
      says: [/Fail — 2\.[012]\d×/, /lies below 2\.5×|wholly below/],
    },
    {
      scenario: 'random-routing',
      code: 1,
      says: ['not routed by prefix cache', 'The gateway bypasses the endpoint picker'],
    },
    { scenario: 'stockout', code: 2, says: ['The zone has no TPU capacity', 'not at fault'] },
    { scenario: 'image-pull', code: 2, says: ['The container image does not exist', 'Correct the image name or tag'] },
  ])(
    '$scenario ends as promised, with a comment that says why and no node left',
    async ({ scenario, code, says }) => {
      const run = await rehearse(scenario);
      expect(run.log).toContain('lab: as the scenario promises');
      expect(run.log).toContain('has 0 nodes and is asked to hold 0');
      expect(run.code).toBe(code);
      for (const text of says) expect(run.comment).toMatch(text);
    },
    3 * MINUTES,
  );
});
