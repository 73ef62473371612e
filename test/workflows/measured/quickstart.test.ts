import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fences, isMarked } from '../../checks/fences.ts';
import { needsQuiet, ON_A_BUSY_MACHINE } from '../../e2e/quiet.ts';

const root = resolve(import.meta.dirname, '..', '..', '..');
const QUICKSTART = readFileSync(join(root, 'docs/quickstart.md'), 'utf8');
/** Exit code of a run that was measured wrongly. */
const UNDECIDED = 4;
/** The load takes its real time; so that ten minutes become one. */
const SHORT =
  '--pair-duration 3s --pairs 3-6 --target-speedup 2-2.8 --latency-duration 2s --goodput-slo off --poll-interval 250ms';

const missing = ['kubectl', 'gcloud'].filter((name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0);
if (missing.length > 0)
  console.warn(`SKIPPED: ${missing.join(' and ')} not on the PATH, so nobody has walked docs/quickstart.md`);

describe.skipIf(missing.length > 0)('a newcomer with docs/quickstart.md and the lab', () => {
  let lab: ChildProcess;
  let environment: Record<string, string> = {};
  const home = mkdtempSync(join(tmpdir(), 'newcomer-'));

  beforeAll(async () => {
    lab = spawn(process.execPath, [join(root, 'src/cli.ts'), 'lab', '--time-scale', '20'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    await new Promise<void>((ready, failed) => {
      lab.stdout?.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        if (said.includes('curl ')) ready();
      });
      lab.once('exit', () => failed(new Error(said)));
    });
    // As somebody who pastes the lines that it prints.
    environment = Object.fromEntries(
      [...said.matchAll(/^export (\w+)='(.*)'$/gm)].map(([, name, value]) => [name, value]),
    );
  });
  afterAll(() => {
    lab?.kill('SIGTERM');
    rmSync(home, { recursive: true, force: true });
  });

  it('needs nothing that is not written there', ON_A_BUSY_MACHINE, async () => {
    const blocks = fences(QUICKSTART, 'sh').filter((block) => !isMarked(block));
    expect(blocks.length).toBeGreaterThan(4);
    const script = blocks
      .join('\n')
      // It is what this test was installed by.
      .replace(/^npm ci$/gm, '')
      .replace(/^(npm run gate -- .*)$/gm, `$1 ${SHORT} --output-dir ${home}/results`);
    const { code, log } = await bash(`set -euo pipefail\n${script}`, {
      ...environment,
      PATH: process.env.PATH ?? '',
      HOME: home,
    });
    if (code === UNDECIDED) needsQuiet(JSON.parse(readFileSync(join(home, 'results/result.json'), 'utf8')));
    expect(code, log).toBe(0);
    expect(log).toMatch(/^verdict +pass: ready; nothing was leased/m);
    expect(log).toMatch(/^verdict +pass: 2\.\d+× the throughput of one replica/m);
    expect(log).toContain('is back at its resting size of 0 nodes');
    expect(log).toMatch(/role\.rbac\.authorization\.k8s\.io\/\S+ created/);
    expect(JSON.parse(readFileSync(join(home, 'results/result.json'), 'utf8'))).toMatchObject({ verdict: 'pass' });
  });
});

function bash(script: string, env: Record<string, string>): Promise<{ code: number | null; log: string }> {
  const child = spawn('bash', ['-c', script], { cwd: root, env });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      log += chunk.toString();
    });
  }
  return new Promise((done) => child.once('close', (code) => done({ code, log })));
}
