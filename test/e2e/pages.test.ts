import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { childEnv } from '../../lab/child-env.ts';
import { LAB } from '../../lab/lab.ts';
import { commandsOf, fences } from '../checks/fences.ts';
import { CLI } from '../cli.ts';
import { MINUTES, startE2e } from './e2e.ts';

const ROOT = resolve(import.meta.dirname, '../..');
/** What a reader puts in place of the names in a page. */
const OWN_NAMES: readonly (readonly [example: string, own: string])[] = [
  ['my-project', LAB.project],
  ['my-cluster', LAB.cluster],
];
/** The lab is quick, and its identity comes from a provider. */
const SHORT = ['--workload-identity-provider', LAB.provider, '--poll-interval', '250ms'];

/** The commands of the gate in a page, in their order, as arguments of the command line. */
function gateCommands(page: string): string[][] {
  return fences(readFileSync(join(ROOT, page), 'utf8'), 'sh')
    .flatMap(commandsOf)
    .flatMap((command) => {
      const [, run, rest = ''] = /^(npm run gate --|npx tpu-serving-gate) (.*)$/.exec(command) ?? [];
      if (!run) return [];
      const words = OWN_NAMES.reduce((text, [example, own]) => text.replaceAll(example, own), rest).split(' ');
      return [run.startsWith('npm') ? ['run', ...words] : words];
    });
}

it(
  'docs/deployment-guide.md and docs/lease.md lead through deploy, rollback, end and sweep, on the lab',
  async () => {
    const e2e = await startE2e('pass');
    const folder = mkdtempSync(join(tmpdir(), 'pages-'));
    const run = async (args: string[]) => {
      const own = args[0] === 'run' ? ['--output-dir', join(folder, 'results')] : [];
      const child = spawn(process.execPath, [CLI, ...args, ...SHORT, ...own], {
        cwd: folder,
        env: { ...childEnv(), HOME: folder, ...e2e.lab.env, GITHUB_TOKEN: e2e.lab.githubToken },
      });
      let log = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (chunk: Buffer) => {
          log += chunk.toString();
        });
      }
      const code = await new Promise((done) => child.once('close', done));
      return { code, log };
    };
    try {
      const [deploy, restore, cleanup, ...others] = gateCommands('docs/deployment-guide.md');
      const [sweep, ...more] = gateCommands('docs/lease.md');
      expect([others, more]).toEqual([[], []]);
      const walk: [args: string[] | undefined, verb: string, nodes: number][] = [
        [deploy, 'deploy', 3],
        [sweep, 'sweep', 3],
        [restore, 'restore', 1],
        [cleanup, 'cleanup', 0],
      ];
      for (const [args = [], verb, nodes] of walk) {
        expect(args).toContain(verb);
        const { code, log } = await run(args);
        expect(code, log).toBe(0);
        expect((await e2e.record()).nodes, verb).toHaveLength(nodes);
      }
      expect((await e2e.record()).target).toBe(0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
      await e2e.stop();
    }
  },
  4 * MINUTES,
);
