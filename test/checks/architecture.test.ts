import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from './root.ts';

interface Violation {
  rule: { name: string };
  from: string;
  to: string;
}

interface Cruise {
  summary: { totalCruised: number; violations: Violation[] };
}

/** One planted violation of every rule: file, its text, the rule that must speak. */
const PLANTED: [file: string, text: string, rule: string][] = [
  ['src/lib/reads-model.ts', `import { verb } from '../stages/clean.ts'; export const x = verb;`, 'lib-imports'],
  ['src/lib/names-input.ts', `import type { Inputs } from '../inputs.ts'; export type X = Inputs;`, 'lib-types'],
  ['src/clients/knows-stage.ts', `export { verb } from '../stages/clean.ts';`, 'clients-imports'],
  ['src/verdict/asks.ts', `import { ask } from '../clients/kube.ts'; export const x = ask;`, 'verdict-imports'],
  [
    'src/verdict/measures.ts',
    `import type { Sample } from '../load/clean.ts'; export type X = Sample;`,
    'verdict-types',
  ],
  ['src/load/asks.ts', `import { ask } from '../clients/kube.ts'; export const x = ask;`, 'load-imports'],
  ['src/diagnosis/asks.ts', `import { ask } from '../clients/kube.ts'; export const x = ask;`, 'diagnosis-imports'],
  ['src/report/decides.ts', `import { mean } from '../verdict/clean.ts'; export const x = mean;`, 'report-imports'],
  ['src/history/decides.ts', `import { mean } from '../verdict/clean.ts'; export const x = mean;`, 'history-imports'],
  ['src/page/decides.ts', `import { mean } from '../verdict/clean.ts'; export const x = mean;`, 'page-imports'],
  ['src/progress/deploys.ts', `import { verb } from '../stages/clean.ts'; export const x = verb;`, 'progress-imports'],
  ['src/stages/renders.ts', `import { row } from '../report/markdown.ts'; export const x = row;`, 'stages-imports'],
  ['src/lab/knows.ts', `import { ask } from '../clients/kube.ts'; export const x = ask;`, 'lab-imports'],
  ['src/lab/names.ts', `import type { Report } from '../verdict/clean.ts'; export type X = Report;`, 'lab-types'],
  ['src/stages/rehearses.ts', `import { lab } from '../lab/clean.ts'; export const x = lab;`, 'lab-is-for-cli'],
  ['src/later.ts', `export const x = () => import('./lab/clean.ts');`, 'lab-is-for-cli'],
  ['src/pipeline/pipeline.ts', `import './main.ts';`, 'nothing-imports-entrypoints'],
  ['src/stages/tested.ts', `import { fake } from '../../test/fake.ts'; export const x = fake;`, 'src-stands-alone'],
  [
    'src/stages/writes.ts',
    `import { writeFile } from 'node:fs/promises'; export const x = writeFile;`,
    'io-at-the-edge',
  ],
  ['src/load/forks.ts', `import { fork } from 'child_process'; export const x = fork;`, 'io-at-the-edge'],
  [
    'src/stages/calls.ts',
    `import { KubeConfig } from '@kubernetes/client-node'; export const x = KubeConfig;`,
    'client-packages-at-the-edge',
  ],
  ['src/stages/fetches.ts', `import { fetch } from 'undici'; export const x = fetch;`, 'http-at-the-edge'],
  ['src/main.ts', `import { info } from '@actions/core'; info('');`, 'one-door-to-the-runner'],
  ['src/report/waits.ts', `import { hostname } from 'node:os'; export const x = hostname;`, 'pure-rooms'],
  ['src/lib/one.ts', `import { two } from './two.ts'; export const one = () => two;`, 'no-cycles'],
  ['src/stages/guesses.ts', `import { x } from './gone.ts'; export const y = x;`, 'no-unresolved'],
  ['src/lib/forgotten.ts', `export const forgotten = 1;`, 'no-dead-files'],
];

/** Files that break nothing, among them every exception that the rules make. */
const CLEAN: [file: string, text: string][] = [
  ['src/inputs/inputs.ts', `export interface Inputs { a: 1 }`],
  ['src/lib/two.ts', `import { one } from './one.ts'; export const two = () => one;`],
  ['src/lib/hash.ts', `import { createHash } from 'node:crypto'; export const x = createHash;`],
  ['src/lab/clean.ts', `import { createServer } from 'node:http'; export const lab = createServer;`],
  ['src/load/clean.ts', `import { Pool } from 'undici'; export const pool = Pool; export interface Sample { a: 1 }`],
  ['src/verdict/clean.ts', `export const mean = 1; export interface Report { a: 1 }`],
  ['src/report/model.ts', `export interface Report { a: 1 }`],
  [
    'src/report/comment/markdown.ts',
    `import type { Report } from './model.ts'; export const row = (r: Report) => r.a;`,
  ],
  [
    'src/clients/kubernetes/client.ts',
    `import { KubeConfig } from '@kubernetes/client-node'; export const ask = KubeConfig;`,
  ],
  [
    'src/clients/runner/actions.ts',
    `import { info } from '@actions/core'; import type { Inputs } from '../inputs.ts';
    export const log = (i: Inputs) => info(String(i.a));`,
  ],
  ['src/diagnosis/clean.ts', `import type { ask } from '../clients/kube.ts'; export type Ask = typeof ask;`],
  [
    'src/stages/clean.ts',
    `import type { Inputs } from '../inputs.ts'; import { ask } from '../clients/kube.ts';
    import { pool } from '../load/clean.ts'; import type { Report } from '../report/model.ts';
    export const verb = (i: Inputs, r: Report) => [i, r, ask, pool];`,
  ],
  [
    'src/cli.ts',
    `import { readFileSync } from 'node:fs'; export const run = () => [readFileSync, import('./lab/clean.ts')];`,
  ],
  [
    'src/post.ts',
    `import './inputs.ts'; import './lib/hash.ts'; import './verdict/clean.ts'; import './report/markdown.ts';
    import './clients/actions.ts'; import './diagnosis/clean.ts'; import './stages/clean.ts';`,
  ],
  ['test/fake.ts', `export const fake = 1;`],
];

describe('the rules of .dependency-cruiser.cjs', () => {
  let folder = '';
  let planted: Cruise;
  let clean: Cruise;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'architecture-'));
    clean = await cruise(
      join(folder, 'clean'),
      CLEAN.filter(([file]) => file !== 'src/lib/two.ts'),
    );
    planted = await cruise(join(folder, 'planted'), [
      ...CLEAN,
      ...PLANTED.map(([file, text]) => [file, text] as const),
    ]);
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(PLANTED)('finds %s', (file, _, rule) => {
    const spoken = planted.summary.violations.filter(({ from, to }) => from === file || to === file);
    expect(spoken.map((violation) => violation.rule.name)).toContain(rule);
  });

  it('has no rule that was never tried', async () => {
    const config = await import(join(root, '.dependency-cruiser.cjs'));
    const names: string[] = config.default.forbidden.map((rule: { name: string }) => rule.name);
    const tried = new Set(PLANTED.map(([, , rule]) => rule));
    // Types cross no more walls than values do: the twins of these rules are made by one function.
    expect(names.filter((name) => !tried.has(name) && !name.endsWith('-types'))).toEqual(['inputs-imports']);
  });

  it('lets everything else pass', () => {
    expect(clean.summary.totalCruised).toBeGreaterThan(CLEAN.length - 3);
    // No packages are installed in the folder.
    const unexpected = clean.summary.violations.filter(({ rule }) => rule.name !== 'no-unresolved');
    expect(unexpected).toEqual([]);
  });
});

async function cruise(folder: string, files: readonly (readonly [string, string])[]): Promise<Cruise> {
  for (const [file, text] of files) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), text);
  }
  const program = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
  const config = join(root, '.dependency-cruiser.cjs');
  const args = [program, '--config', config, '--output-type', 'json', 'src'];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { cwd: folder, maxBuffer: 1e8 }, (error, stdout, stderr) => {
      // Violations are reported in the JSON; only a tool that says nothing has failed.
      if (stdout === '') reject(error ?? new Error(stderr));
      else resolve(JSON.parse(stdout) as Cruise);
    });
  });
}
