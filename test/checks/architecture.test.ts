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

const ASK = 'clients/kubernetes/client.ts';
const importing = (name: string, file: string) => `import { ${name} } from '${file}'; export const x = ${name};`;

/** Planted violations: file, its text, the rule that must report it. Each rule is tried at least once. */
const PLANTED: [file: string, text: string, rule: string][] = [
  ['src/lib/starts.ts', importing('verb', '../stages/verify/clean.ts'), 'lib-imports'],
  ['src/lib/names-input.ts', `import type { Inputs } from '../inputs/inputs.ts'; export type X = Inputs;`, 'lib-types'],
  ['src/inputs/asks.ts', importing('ask', `../${ASK}`), 'inputs-imports'],
  ['src/tpu/asks.ts', importing('ask', `../${ASK}`), 'tpu-imports'],
  ['src/clients/google/knows-stage.ts', importing('verb', '../../stages/verify/clean.ts'), 'clients-imports'],
  ['src/verdict/asks.ts', importing('ask', `../${ASK}`), 'verdict-imports'],
  [
    'src/verdict/measures.ts',
    `import type { Sample } from '../load/clean.ts'; export type X = Sample;`,
    'verdict-types',
  ],
  ['src/quality/asks.ts', importing('ask', `../${ASK}`), 'quality-imports'],
  ['src/load/asks.ts', importing('ask', `../${ASK}`), 'load-imports'],
  ['src/shard/asks.ts', importing('ask', `../${ASK}`), 'shard-imports'],
  ['src/stack/verifies.ts', importing('verb', '../stages/verify/clean.ts'), 'stack-imports'],
  ['src/diagnosis/asks.ts', importing('ask', `../${ASK}`), 'diagnosis-imports'],
  ['src/report/decides.ts', importing('mean', '../verdict/clean.ts'), 'report-imports'],
  ['src/history/decides.ts', importing('mean', '../verdict/clean.ts'), 'history-imports'],
  ['src/history/page/decides.ts', importing('mean', '../../verdict/clean.ts'), 'history-imports'],
  ['src/progress/deploys.ts', importing('verb', '../stages/verify/clean.ts'), 'progress-imports'],
  ['src/stages/verify/renders.ts', importing('row', '../../report/comment/markdown.ts'), 'stages-imports'],
  ['src/publish/deploys.ts', importing('verb', '../stages/verify/clean.ts'), 'publish-imports'],
  ['src/pipeline/chooses.ts', importing('measure', '../modes/clean.ts'), 'pipeline-imports'],
  ['src/modes/commands.ts', importing('command', '../commands/clean.ts'), 'modes-imports'],
  ['src/init/measures.ts', importing('measure', '../modes/clean.ts'), 'init-imports'],
  ['src/doctor/measures.ts', importing('measure', '../modes/clean.ts'), 'doctor-imports'],
  ['src/commands/counts.ts', importing('pool', '../load/clean.ts'), 'commands-imports'],
  // A file without a room is bound by no rule, and so is an error itself, whatever it imports.
  ['src/fork.ts', importing('ask', `./${ASK}`), 'imports-without-a-room'],
  ['src/attic/fork.ts', importing('lab', '../../lab/clean.ts'), 'imports-without-a-room'],
  ['src/loose.ts', `export const loose = 1;`, 'alone-without-a-room'],
  ['src/stages/verify/uses-loose.ts', importing('held', '../../held.ts'), 'imported-without-a-room'],
  ['src/held.ts', `export const held = 1;`, 'imported-without-a-room'],
  ['src/stages/verify/rehearses.ts', importing('lab', '../../../lab/clean.ts'), 'lab-is-for-two-commands'],
  ['src/modes/later.ts', `export const x = () => import('../../lab/clean.ts');`, 'lab-is-for-two-commands'],
  ['lab/knows.ts', importing('ask', `../src/${ASK}`), 'lab-knows-no-product'],
  [
    'lab/names.ts',
    `import type { Report } from '../src/report/model.ts'; export type X = Report;`,
    'lab-knows-no-product',
  ],
  ['src/pipeline/restarts.ts', `import '../main.ts';`, 'nothing-imports-entrypoints'],
  ['src/stages/verify/tested.ts', importing('fake', '../../../test/fake.ts'), 'src-stands-alone'],
  ['src/stages/verify/writes.ts', importing('writeFile', 'node:fs/promises'), 'io-at-the-edge'],
  ['src/load/forks.ts', importing('fork', 'child_process'), 'io-at-the-edge'],
  ['src/load/dials.ts', importing('connect', 'node:net'), 'io-at-the-edge'],
  ['src/load/wire/writes.ts', importing('writeFile', 'node:fs/promises'), 'wire-of-the-load'],
  ['src/load/fetches.ts', importing('fetch', 'undici'), 'http-at-the-edge'],
  ['src/commands/writes.ts', importing('writeFile', 'node:fs/promises'), 'io-at-the-edge'],
  ['src/stages/verify/calls.ts', importing('KubeConfig', '@kubernetes/client-node'), 'client-packages-at-the-edge'],
  ['src/stages/verify/fetches.ts', importing('fetch', 'undici'), 'http-at-the-edge'],
  ['src/main.ts', `import { info } from '@actions/core'; info('');`, 'one-door-to-the-runner'],
  ['src/report/waits.ts', importing('hostname', 'node:os'), 'pure-rooms'],
  ['src/lib/one.ts', `import { two } from './two.ts'; export const one = () => two;`, 'no-cycles'],
  ['src/stages/verify/guesses.ts', importing('gone', './gone.ts'), 'no-unresolved'],
  ['src/lib/forgotten.ts', `export const forgotten = 1;`, 'no-dead-files'],
];

/** Files that break nothing, among them every exception that the rules make. */
const CLEAN: [file: string, text: string][] = [
  ['src/inputs/inputs.ts', `export interface Inputs { a: 1 }`],
  ['src/lib/two.ts', `import { one } from './one.ts'; export const two = () => one;`],
  ['src/lib/hash.ts', `import { createHash } from 'node:crypto'; export const x = createHash;`],
  ['lab/clean.ts', `import { createServer } from 'node:http'; export const lab = createServer;`],
  ['src/load/clean.ts', `export { pool } from './wire/clean.ts'; export interface Sample { a: 1 }`],
  ['src/load/wire/clean.ts', `import { connect } from 'node:tls'; export const pool = connect;`],
  ['src/verdict/clean.ts', `export const mean = 1;`],
  ['src/report/model.ts', `export interface Report { a: 1 }`],
  ['src/report/facts.ts', `import type { Report } from './model.ts'; export type Fact = Report;`],
  [
    'src/report/comment/markdown.ts',
    `import type { Report } from '../model.ts'; export const row = (r: Report) => r.a;`,
  ],
  ['src/report/parse.ts', `export const parse = 1;`],
  [`src/${ASK}`, `import { KubeConfig } from '@kubernetes/client-node'; export const ask = KubeConfig;`],
  [
    'src/clients/runner/actions.ts',
    `import { info } from '@actions/core'; import type { Inputs } from '../../inputs/inputs.ts';
    export const log = (i: Inputs) => info(String(i.a));`,
  ],
  ['src/diagnosis/clean.ts', `import type { ask } from '../${ASK}'; export type Ask = typeof ask;`],
  [
    'src/stages/verify/clean.ts',
    `import type { Inputs } from '../../inputs/inputs.ts'; import { ask } from '../../${ASK}';
    import { pool } from '../../load/clean.ts'; import { parse } from '../../report/parse.ts';
    import type { Fact } from '../../report/facts.ts';
    export const verb = (i: Inputs, f: Fact) => [i, f, ask, pool, parse];`,
  ],
  ['src/modes/clean.ts', `import { verb } from '../stages/verify/clean.ts'; export const measure = verb;`],
  ['src/commands/clean.ts', `import { measure } from '../modes/clean.ts'; export const command = measure;`],
  ['src/commands/definitions/lab.ts', `export const run = () => import('../../../lab/clean.ts');`],
  [
    'src/cli.ts',
    `import { readFileSync } from 'node:fs'; import { command } from './commands/clean.ts';
    import { run } from './commands/definitions/lab.ts'; export const all = () => [readFileSync, command, run];`,
  ],
  [
    'src/post.ts',
    `import './inputs/inputs.ts'; import './lib/hash.ts'; import './verdict/clean.ts';
    import './report/comment/markdown.ts'; import './clients/runner/actions.ts'; import './diagnosis/clean.ts';
    import './stages/verify/clean.ts';`,
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
    expect(names.filter((name) => !tried.has(name) && !name.endsWith('-types'))).toEqual([]);
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
  const args = [program, '--config', config, '--output-type', 'json', 'src', 'lab'];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { cwd: folder, maxBuffer: 1e8 }, (error, stdout, stderr) => {
      // Violations are reported in the JSON; only a tool that says nothing has failed.
      if (stdout === '') reject(error ?? new Error(stderr));
      else resolve(JSON.parse(stdout) as Cruise);
    });
  });
}
