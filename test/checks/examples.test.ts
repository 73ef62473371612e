import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { sentencesOf } from '../../scripts/prose/sentences.ts';
import { readQualityTasks } from '../../src/clients/files/quality-tasks.ts';
import { inputsFromFlags } from '../../src/commands/input-flags.ts';
import { COMMANDS } from '../../src/commands/registry.ts';
import { parseConfig } from '../../src/inputs/config.ts';
import { RUN_GROUPS, SWEEP_GROUPS } from '../../src/inputs/groups.ts';
import { parseInputs } from '../../src/inputs/inputs.ts';
import { measureCommand } from '../../src/inputs/measure-command.ts';
import { parseReportInputs } from '../../src/inputs/report.ts';
import type { InputSource } from '../../src/inputs/source.ts';
import { parseSweepInputs } from '../../src/inputs/sweep.ts';
import { commandsOf, fences, pages } from './fences.ts';
import { root } from './root.ts';

const PAGES = await pages();
/** Languages of the blocks of code, each of which a test reads: `yaml` is of workflows, `yml` of files of inputs. */
const LANGUAGES = ['sh', 'yaml', 'yml', 'json', 'text', 'hcl', 'mermaid'];
/** What a reader fills in where an example leaves it out. */
const PLACE = { cluster: 'projects/my-project/locations/europe-west4-a/clusters/my-cluster' };
/** What the job of a workflow has, and what the first block of the quick start sets. */
const JOB = {
  GITHUB_REPOSITORY: 'my-org/my-repo',
  ACTIONS_ID_TOKEN_REQUEST_URL: 'https://x',
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'x',
};
const SET: Readonly<Record<string, string>> = { LOCATION: 'europe-west4-a', GATEWAY: 'opendatahub/inference-gateway' };

interface Step {
  uses?: string;
  with?: Record<string, unknown>;
}

/** The inputs that an example in YAML gives the gate: a workflow or a list of steps. */
function givenIn(example: string): Record<string, string>[] {
  const parsed = parse(example) as Step[] | { jobs: Record<string, { steps: Step[] }> };
  const steps = Array.isArray(parsed) ? parsed : Object.values(parsed.jobs).flatMap((job) => job.steps);
  return steps
    .filter(({ uses }) => uses?.includes('/tpu-serving-gate@'))
    .map((step) => Object.fromEntries(Object.entries(step.with ?? {}).map(([name, value]) => [name, String(value)])));
}

/** What the parser of a mode has against inputs. */
function problemsOf(given: Record<string, string>): string[] {
  const all: Record<string, string> = { ...PLACE, ...given };
  const known: Record<string, string> = { 'github-token': 'x', ...(given.mode === 'report' ? given : all) };
  // Only a reader knows the digest.
  const get = (name: string) => known[name]?.replace('sha256:DIGEST', `sha256:${'0'.repeat(64)}`);
  const source: InputSource = { get, given: Object.keys(known), env: JOB };
  if (given.mode === 'cleanup') return problems(parseSweepInputs({ ...source, given: [] }));
  return problems(given.mode === 'report' ? parseReportInputs(source) : parseInputs(source));
}

const problems = (parsed: { problems: string[] } | { inputs: unknown }) =>
  'problems' in parsed ? parsed.problems : [];

describe('an example of the pages', () => {
  const examples = PAGES.flatMap(([name, text]) => fences(text, 'yaml').map((example) => [name, example] as const));

  it.each(examples)('%s gives the gate values that it accepts: %s', (_, example) => {
    const given = givenIn(example);
    expect(given.length).toBeGreaterThan(0);
    expect(given.flatMap(problemsOf)).toEqual([]);
  });

  it('is in a language that a test reads', () => {
    const found = PAGES.flatMap(([name, text]) =>
      [...text.matchAll(/^ *```([^\n`]*)$/gm)].flatMap(([, language = ''], index) =>
        index % 2 === 0 && !LANGUAGES.includes(language) ? [`${name}: "${language}"`] : [],
      ),
    );
    expect(found).toEqual([]);
  });

  it('of a comment is a command, or nothing that begins like one', () => {
    const lines = PAGES.flatMap(([, text]) => fences(text, 'text')).flatMap((block) => block.trim().split('\n'));
    const commands = lines.filter((line) => line.startsWith('/'));
    expect(commands.length).toBeGreaterThan(2);
    expect(commands.map(measureCommand).filter((parsed) => !parsed || 'refusal' in parsed)).toEqual([]);
  });

  it('of the file of inputs is one that the gate accepts', () => {
    const files = PAGES.flatMap(([, text]) => fences(text, 'yml'));
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      const config = parseConfig(file);
      expect(config).toMatchObject({ values: expect.anything() });
      if ('values' in config) expect(problemsOf({ ...config.values })).toEqual([]);
    }
  });

  it('of a file of tasks is one that the gate can read', async () => {
    const files = PAGES.flatMap(([, text]) => fences(text, 'json'));
    expect(files.length).toBeGreaterThan(0);
    const folder = mkdtempSync(join(tmpdir(), 'tasks-'));
    try {
      for (const file of files) {
        writeFileSync(join(folder, 'tasks.jsonl'), file);
        const tasks = await readQualityTasks({ path: 'tasks.jsonl', root: folder });
        expect(tasks).toHaveLength(file.trim().split('\n').length);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('a command of the gate in the pages', () => {
  const commands = PAGES.flatMap(([name, text]) =>
    fences(text, 'sh')
      .flatMap(commandsOf)
      .flatMap((command): [string, string, string][] => {
        const [, npm, named = 'run', flags = ''] =
          /^(?:(npm run gate) --|npx tpu-serving-gate (run|sweep|cleanup)) (.*)$/.exec(command) ?? [];
        return npm || /^npx tpu-serving-gate (?:run|sweep|cleanup) /.test(command) ? [[name, named, flags]] : [];
      }),
  );

  it.each(commands)('%s: %s has values that it accepts: %s', (_, command, flags) => {
    const groups = command === 'run' ? RUN_GROUPS : SWEEP_GROUPS;
    const own = Object.fromEntries(
      Object.entries(COMMANDS.find(({ name }) => name === command)?.flags ?? {}).filter(
        ([, flag]) => !('group' in flag && flag.group),
      ),
    );

    const words = flags
      .replaceAll(/"\$(\w+)"/g, (_match, name: string) => SET[name] ?? `my-${name.toLowerCase()}`)
      .split(' ');
    const source = inputsFromFlags(words, { groups, own }, {});
    expect(source.strayWords).toBe(false);
    expect(command === 'run' ? problems(parseInputs(source)) : problems(parseSweepInputs(source))).toEqual([]);
  });
});

describe('a page for each task', () => {
  const TASKS: readonly (readonly [task: string, page: string])[] = [
    ['quick start', 'docs/quickstart.md'],
    ['read a verdict', 'docs/verdict.md'],
    ['pull requests', 'docs/pull-requests.md'],
    ['nights', 'docs/nights.md'],
    ['deploys', 'docs/deployment-guide.md'],
    ['load', 'docs/load.md'],
    ['capacity', 'docs/capacity.md'],
    ['hardening', 'docs/hardening.md'],
  ];

  it.each(TASKS)('%s: is linked from README.md and shows what to do', (_, page) => {
    const text = readFileSync(join(root, page), 'utf8');
    expect(readFileSync(join(root, 'README.md'), 'utf8')).toContain(`(${page})`);
    expect([...fences(text, 'sh'), ...fences(text, 'yaml')]).not.toEqual([]);
  });
});

describe('README.md', () => {
  const text = readFileSync(join(root, 'README.md'), 'utf8');

  it('states the problem in two sentences, before a picture of the comment', () => {
    const [, problem = ''] = text.split('\n\n');
    expect(sentencesOf(problem)).toHaveLength(2);
    expect(text.indexOf('docs/pictures/comment-light.png')).toBeLessThan(text.indexOf('\n## '));
  });

  it('has one step of seven lines to paste', () => {
    expect(fences(text, 'yaml').map((step) => step.trim().split('\n').length)).toEqual([7]);
  });
});
