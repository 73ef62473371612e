import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { data, Evaluator, Lexer, Parser } from '@actions/expressions';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { fences } from './fences.ts';
import { root } from './root.ts';

interface Event {
  name: string;
  action?: string;
  /** Repository of the head, for a pull request. */
  head?: string;
  labels?: string[];
  /** The label of an event of action `labeled`. */
  label?: string;
  ref?: string;
  comment?: { body: string; onPull: boolean };
}

/** What else a condition may look at, beside the event. */
interface Around {
  pages?: string;
  inputs?: Record<string, unknown>;
  needs?: Record<string, { result: string; outputs?: Record<string, string> }>;
  failed?: boolean;
}

/** No run here is cancelled. */
const CANCELLED = { name: 'cancelled', minArgs: 0, maxArgs: 0, call: () => new data.BooleanData(false) };

const ALWAYS = { name: 'always', minArgs: 0, maxArgs: 0, call: () => new data.BooleanData(true) };

/** The payload of a comment, on a pull request or on an issue. */
function commented({ comment }: Event) {
  if (!comment) return {};
  return {
    comment: { body: comment.body },
    issue: { number: 7, ...(comment.onPull ? { pull_request: { url: 'x' } } : {}) },
  };
}

/** A condition as GitHub evaluates it; absent ones are true. `cluster`: the repository's variable TPU_CLUSTER. */
function holds(condition: string | undefined, event: Event, cluster: string, around: Around = {}): boolean {
  if (condition === undefined) return true;
  const pull =
    event.head === undefined
      ? {}
      : {
          pull_request: {
            number: 7,
            head: { repo: { full_name: event.head } },
            labels: (event.labels ?? []).map((name) => ({ name })),
          },
        };
  const contexts = {
    github: {
      repository: 'octo/serving',
      event_name: event.name,
      ref: event.ref ?? 'refs/heads/main',
      event: {
        action: event.action ?? '',
        repository: { default_branch: 'main' },
        ...(event.label === undefined ? {} : { label: { name: event.label } }),
        ...pull,
        ...commented(event),
      },
    },
    vars: { TPU_CLUSTER: cluster, TPU_PAGES: around.pages ?? '' },
    inputs: around.inputs ?? {},
    needs: around.needs ?? {},
  };
  const context = toData(contexts) as data.Dictionary;
  const { tokens } = new Lexer(condition).lex();
  const failure = { name: 'failure', minArgs: 0, maxArgs: 0, call: () => new data.BooleanData(around.failed === true) };
  const functions = [CANCELLED, ALWAYS, failure];
  const tree = new Parser(tokens, ['github', 'vars', 'inputs', 'needs'], functions).parse();
  const value = new Evaluator(tree, context, new Map(functions.map((one) => [one.name, one]))).evaluate();
  return value.kind === data.Kind.Boolean ? value.value : value.coerceString() !== '';
}

function toData(value: unknown): data.ExpressionData {
  return JSON.parse(JSON.stringify(value), data.reviver) as data.ExpressionData;
}

const EVENTS: Record<string, Event> = {
  push: { name: 'push' },
  schedule: { name: 'schedule' },
  dispatch: { name: 'workflow_dispatch' },
  'dispatch elsewhere': { name: 'workflow_dispatch', ref: 'refs/heads/try' },
  opened: { name: 'pull_request', action: 'opened', head: 'octo/serving' },
  pushed: { name: 'pull_request', action: 'synchronize', head: 'octo/serving', labels: ['docs'] },
  labelled: { name: 'pull_request', action: 'labeled', head: 'octo/serving', labels: ['measure'], label: 'measure' },
  'labelled otherwise': {
    name: 'pull_request',
    action: 'labeled',
    head: 'octo/serving',
    labels: ['docs'],
    label: 'docs',
  },
  'labelled otherwise beside the label': {
    name: 'pull_request',
    action: 'labeled',
    head: 'octo/serving',
    labels: ['measure', 'docs'],
    label: 'docs',
  },
  'pushed with the label': { name: 'pull_request', action: 'synchronize', head: 'octo/serving', labels: ['measure'] },
  fork: { name: 'pull_request', action: 'labeled', head: 'stranger/serving', labels: ['measure'], label: 'measure' },
};

const jobsOf = async (name: string) =>
  (parse(await readFile(join(root, '.github/workflows', name), 'utf8')) as { jobs: Record<string, { if?: string }> })
    .jobs;

describe('the jobs of a workflow run', () => {
  it.each<[string, string, string[]]>([
    ['pull-request.yml', 'preflight', ['opened', 'pushed', 'pushed with the label']],
    ['pull-request.yml', 'measure', ['labelled']],
  ])('%s, %s: for %j and no other pull request', async (file, job, expected) => {
    const condition = (await jobsOf(file))[job]?.if;
    const pulls = Object.entries(EVENTS).filter(([, { head }]) => head !== undefined);
    expect(pulls.filter(([, event]) => holds(condition, event, 'a/cluster')).map(([name]) => name)).toEqual(expected);
    expect(pulls.filter(([, event]) => holds(condition, event, '')).map(([name]) => name)).toEqual([]);
  });

  it.each(['push', 'schedule', 'dispatch'])('pull-request.yml: none for %s, were it asked', async (name) => {
    for (const { if: condition } of Object.values(await jobsOf('pull-request.yml'))) {
      expect(holds(condition, EVENTS[name]!, 'a/cluster')).toBe(false);
    }
  });

  it('docs/pull-requests.md: a pull request of the repository itself at the event of the label, and no fork', async () => {
    const [example = ''] = fences(await readFile(join(root, 'docs/pull-requests.md'), 'utf8'), 'yaml');
    const { gate } = (parse(example) as { jobs: Record<string, { if?: string }> }).jobs;
    const pulls = Object.entries(EVENTS).filter(([, { head }]) => head !== undefined);
    expect(pulls.filter(([, event]) => holds(gate?.if, event, '')).map(([name]) => name)).toEqual(['labelled']);
  });

  it('measure.yml: for a command on a pull request, then what it was taken for', async () => {
    const { command, measure, conclude } = await jobsOf('measure.yml');
    const comment = (body: string, onPull = true): Event => ({ name: 'issue_comment', comment: { body, onPull } });
    const taken = [comment('/measure'), comment('/measure pairs=6-9')];
    const left = [comment('see /measure'), comment('/measure', false), ...Object.values(EVENTS)];
    expect(taken.map((event) => holds(command?.if, event, 'a/cluster'))).toEqual([true, true]);
    expect(left.filter((event) => holds(command?.if, event, 'a/cluster'))).toEqual([]);
    expect(taken.filter((event) => holds(command?.if, event, ''))).toEqual([]);
    const after = (options: string) => ({ needs: { command: { result: 'success', outputs: { options } } } });
    for (const { if: condition } of [measure, conclude] as { if?: string }[]) {
      expect(holds(condition, taken[0]!, 'a/cluster', after('{}'))).toBe(true);
      expect(holds(condition, taken[0]!, 'a/cluster', after(''))).toBe(false);
    }
  });

  it.each([
    ['pull-request.yml', 'preflight', EVENTS.opened!],
    ['pull-request.yml', 'measure', EVENTS.labelled!],
    ['measure.yml', 'command', { name: 'issue_comment', comment: { body: '/measure', onPull: true } }],
    ['nightly.yml', 'measure', EVENTS.schedule!],
    ['nightly.yml', 'history', EVENTS.schedule!],
    ['deploy.yml', 'deploy', EVENTS.dispatch!],
    ['sweep.yml', 'sweep', EVENTS.schedule!],
  ] as [string, string, Event][])(
    '%s, %s: for a caller whose cluster is in the file of inputs',
    async (file, job, event) => {
      const condition = (await jobsOf(file))[job]?.if;
      expect(holds(condition, event, '', { inputs: { 'service-account': 'gate@p.iam.gserviceaccount.com' } })).toBe(
        true,
      );
      expect(holds(condition, event, '', { inputs: { cluster: '', 'service-account': '' } })).toBe(false);
    },
  );

  it('sweep.yml: only where there is a cluster', async () => {
    const condition = (await jobsOf('sweep.yml')).sweep?.if;
    expect([holds(condition, EVENTS.schedule!, 'a/cluster'), holds(condition, EVENTS.schedule!, '')]).toEqual([
      true,
      false,
    ]);
  });

  it('nightly.yml: measures and keeps what the default branch does', async () => {
    const { measure, history, pages } = await jobsOf('nightly.yml');
    const run = (job: { if?: string } | undefined, cluster: string, around: Around = {}) =>
      ['schedule', 'dispatch', 'dispatch elsewhere'].filter((name) => holds(job?.if, EVENTS[name]!, cluster, around));
    expect(run(measure, 'a/cluster')).toEqual(['schedule', 'dispatch']);
    expect(run(history, 'a/cluster')).toEqual(['schedule', 'dispatch']);
    expect([...run(measure, ''), ...run(history, '')]).toEqual([]);
    const after = (result: string, wanted = 'true') =>
      run(pages, 'a/cluster', { pages: wanted, needs: { history: { result } } });
    // A page is news also of a night that was worse.
    expect([after('success').length, after('failure').length, after('skipped').length]).toEqual([3, 3, 0]);
    expect(after('success', '')).toEqual([]);
  });

  it('deploy.yml: goes back to Pattern 1 only after a deploy that changed something and does not serve', async () => {
    const { deploy, rollback } = await jobsOf('deploy.yml');
    expect([holds(deploy?.if, EVENTS.dispatch!, 'a/cluster'), holds(deploy?.if, EVENTS.dispatch!, '')]).toEqual([
      true,
      false,
    ]);
    const inputs = { mode: 'deploy', rollback: true, 'dry-run': false };
    const goes = (change: Record<string, unknown>, { failed = true, kept = '', changed = 'true' } = {}) =>
      holds(rollback?.if, EVENTS.dispatch!, 'a/cluster', {
        failed,
        inputs: { ...inputs, ...change },
        needs: { deploy: { result: 'failure', outputs: { 'kept-until': kept, changed } } },
      });
    expect(goes({})).toBe(true);
    expect([goes({}, { failed: false }), goes({}, { kept: '2026-11-22T16:00:00Z' })]).toEqual([false, false]);
    // Refused in preflight, and ended before it had any output.
    expect([goes({}, { changed: 'false' }), goes({}, { changed: '' })]).toEqual([false, false]);
    const never = [{ rollback: false }, { mode: 'restore' }, { mode: 'cleanup' }, { 'dry-run': true }];
    expect(never.map((change) => goes(change))).toEqual([false, false, false, false]);
  });
});
