import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ADVERSARIES } from '../../../lab/scenarios/adversaries.ts';
import type { Report } from '../../../src/report/model.ts';

/**
 * `npm run test:adversaries [NAME…]`: the whole gate against each system that would fool a benchmark, one after another,
 * since they measure. Prints what the verdict was and what gave the system away; ends with 1 when one ends otherwise.
 */
const CLI = resolve(import.meta.dirname, '../../../src/cli.ts');
const names = process.argv.slice(2);
const chosen = ADVERSARIES.filter(({ name }) => names.length === 0 || names.includes(name));
if (chosen.length === 0) throw new Error(`allowed: ${ADVERSARIES.map(({ name }) => name).join(', ')}`);

/** Where a run of the healthy stack leaves what it recorded of one replica; the gate reads no file outside its workspace. */
const BASELINE = 'rehearsal/baseline';

/** `more`: flags of the gate that one system needs. */
function rehearse(name: string, folder: string, more: readonly string[] = []): Promise<number | null> {
  const flags = ['--', '--pairs=6-12', '--pair-duration=3s', ...more];
  const child = spawn(process.execPath, [CLI, 'rehearse', '--scenario', name, '--output-dir', folder, ...flags], {
    stdio: 'ignore',
  });
  return new Promise((done) => child.once('close', done));
}

async function flagsOf(name: string): Promise<string[]> {
  if (name !== 'no-way-to-one') return [];
  await rehearse('pass', BASELINE, ['--concurrency=10']);
  // As long as it takes to see that the replicas stay, in a lab whose hours are minutes.
  return ['--concurrency=10', '--ready-timeout=45s', `--baseline=${BASELINE}/result.json`];
}

const line = (cells: string[]) => process.stdout.write(`| ${cells.join(' | ')} |\n`);
line(['system', 'verdict', 'seen by', 'cause named', 'speedup shown', 'as promised']);
line(['---', '---', '---', '---', '---', '---']);
const otherwise: string[] = [];
for (const { name, expect } of chosen) {
  const folder = mkdtempSync(join(tmpdir(), 'adversary-'));
  try {
    const code = await rehearse(name, folder, await flagsOf(name));
    const report = JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8')) as Report;
    const { benchmark } = report;
    const failed = report.checks.filter(({ outcome }) => outcome === 'fail').map(({ id }) => id);
    const seen = [...failed, ...(benchmark?.vetoes.map(({ id }) => id) ?? [])];
    const speedup = benchmark?.speedup;
    const holds = code === expect.exitCode;
    if (!holds) otherwise.push(name);
    line([
      `\`${name}\``,
      report.verdict,
      seen.length > 0 ? [...new Set(seen)].join(', ') : (report.failure?.code ?? 'the speedup'),
      report.diagnosis?.cause ?? 'none',
      speedup ? `${speedup.value.toFixed(2)} (${speedup.low.toFixed(2)}–${speedup.high.toFixed(2)})` : 'none',
      holds ? 'yes' : `NO: exit code ${code}, not ${expect.exitCode}`,
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
rmSync(BASELINE, { recursive: true, force: true });
process.stdout.write(
  `${chosen.length} systems: ${chosen.length - otherwise.length} as promised, ${otherwise.length} otherwise\n`,
);
process.exitCode = otherwise.length > 0 ? 1 : 0;
