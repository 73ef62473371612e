import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Document, isMap, isSeq, parseDocument, type YAMLMap } from 'yaml';
import { LAB, type Lab, startLab } from '../../lab/lab.ts';
import { SCENARIOS } from '../../lab/scenarios/scenarios.ts';

const root = resolve(import.meta.dirname, '..', '..');
const CLI = join(root, 'src', 'cli.ts');

/** What `$/` is: the action in the workflow's own commit, whatever a job has checked out. */
const GATE = `${LAB.repository}@workflow`;

type StandIn = 'store' | 'fetch' | 'checkout';

/** Actions of GitHub whose services are not here, by what stands in for them. */
const STAND_INS: Readonly<Record<string, StandIn>> = {
  'actions/upload-artifact': 'store',
  'actions/upload-pages-artifact': 'store',
  'actions/cache/save': 'store',
  'actions/download-artifact': 'fetch',
  'actions/cache/restore': 'fetch',
};

/** What makes a measurement short: the lab's cluster is quick, the load itself takes its real time. */
const SHORT: Readonly<Record<string, string>> = {
  'poll-interval': '250ms',
  'pair-duration': '3s',
  // What three short pairs prove on any machine that is quiet.
  pairs: '3-6',
  'target-speedup': '2-2.8',
  'latency-duration': '2s',
  'goodput-slo': 'off',
};

export interface Repository {
  lab: Lab;
  /** Runs a workflow file for an event as GitHub's runner would, whole. */
  run(workflow: string, event: { name: string; payload?: unknown; inputs?: Record<string, unknown> }): Promise<ActRun>;
  /** A file of the checkout, or null. */
  checkedOut(path: string): string | null;
  /** Contents of a stored artifact's file, or null. */
  stored(artifact: string, file: string): string | null;
  artifacts(): string[];
  /** The commits that a pull request is of: its own, and that of the base branch. */
  commits(): { head: string; base: string };
  stop(): Promise<void>;
}

export interface ActRun {
  code: number | null;
  log: string;
  /** Jobs that ended, each with whether it succeeded. */
  jobs: Record<string, boolean>;
}

/** A repository of a user, whose workflows call those of this repository. */
interface Caller {
  /** `owner/name@ref` by which they call. */
  gate: string;
  /** Fills the checkout. */
  write(checkout: string, lab: Lab): Promise<void>;
}

/**
 * A checkout of this repository with a lab for its cloud, cluster and GitHub, whose workflows act runs on this machine.
 * Four things differ from the files. act does not know `queue` and `$/` yet: the first is taken out, the second becomes
 * the action of this repository. Measurements are short. Each job has the address of a token with the subject that GitHub
 * would give it. With a `caller` the checkout is what that writes, and the variables of the repository are empty.
 */
export async function startRepository(
  scenario: string,
  inferenceScale = 20,
  caller: Caller | null = null,
): Promise<Repository> {
  const lab = await startLab({
    scenario: SCENARIOS[scenario]!,
    timeScale: 100,
    inferenceScale,
    seed: 7,
    trustsSubjects: true,
    entry: { module: CLI, args: ['lab-process'] },
  });
  const folder = mkdtempSync(join(tmpdir(), 'workflows-'));
  const checkout = join(folder, 'serving');
  const store = join(folder, 'store');
  mkdirSync(store);
  const own = caller ? join(folder, 'gate') : checkout;
  copyCheckout(own);
  // Each job has an address of its own, and what is given here would outrank it.
  const { ACTIONS_ID_TOKEN_REQUEST_URL: oidcUrl = '', ...withoutTokens } = lab.env;
  const gate = caller?.gate ?? GATE;
  const uses = prepareWorkflows(join(own, '.github', 'workflows'), oidcUrl, gate);
  if (caller) {
    mkdirSync(checkout);
    await caller.write(checkout, lab);
  }
  const git = (...args: string[]) => execFileSync('git', args, { cwd: checkout, stdio: 'ignore' });
  git('init', '-q', '-b', 'main');
  git('remote', 'add', 'origin', `https://github.com/${LAB.repository}`);
  git('add', '-A');
  const commit = (...args: string[]) =>
    git('-c', 'user.name=t', '-c', 'user.email=t@example.com', 'commit', '-q', ...args);
  commit('-m', 'as it is');
  // A pull request is checked out as a merge, whose first parent is its base.
  commit('--allow-empty', '-m', 'the merge');
  const shaOf = (name: string) => execFileSync('git', ['rev-parse', name], { cwd: checkout }).toString().trim();
  const running = new Set<ChildProcess>();
  let runs = 0;
  return {
    lab,
    run(workflow, { name, payload = {}, inputs = {} }) {
      runs += 1;
      const event = join(folder, 'event.json');
      const repository = { full_name: LAB.repository, default_branch: 'main' };
      // The payload of a dispatch has strings, whatever the type of an input.
      const texts = Object.fromEntries(Object.entries(inputs).map(([key, value]) => [key, String(value)]));
      writeFileSync(event, JSON.stringify({ repository, inputs: texts, ...(payload as object) }));
      const env = {
        ...withoutTokens,
        GITHUB_RUN_ID: String(18_300_000_000 + runs),
        GITHUB_RUN_NUMBER: String(400 + runs),
        STAND_IN_STORE: store,
        STAND_IN_SOURCE: checkout,
      };
      const flags = {
        '--workflows': `.github/workflows/${workflow}`,
        '--eventpath': event,
        '--platform': 'ubuntu-24.04=-self-hosted',
        '--secret': `GITHUB_TOKEN=${lab.githubToken}`,
        '--actor': 'octocat',
        '--artifact-server-path': join(folder, 'unused'),
      };
      const vars = caller
        ? {}
        : {
            TPU_CLUSTER: `projects/${LAB.project}/locations/${LAB.location}/clusters/${LAB.cluster}`,
            TPU_NODE_POOL: LAB.nodePool,
            WORKLOAD_IDENTITY_PROVIDER: LAB.provider,
            GATE_SERVICE_ACCOUNT: LAB.serviceAccountEmail,
            PREFLIGHT_SERVICE_ACCOUNT: LAB.preflightEmail,
          };
      const args = [
        name,
        ...Object.entries(flags).flat(),
        ...Object.entries(vars).flatMap(([key, value]) => ['--var', `${key}=${value}`]),
        ...Object.entries(env).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
        ...Object.entries(inputs).flatMap(([key, value]) => ['--input', `${key}=${value}`]),
        ...uses.flatMap(([use, kind]) => [
          '--local-repository',
          `${use}=${join(root, 'test', 'workflows', 'stand-ins', kind)}`,
        ]),
        '--local-repository',
        `${gate}=${own}`,
        '--action-offline-mode',
        '--pull=false',
        '--no-cache-server',
      ];
      const child = spawn(process.env.ACT ?? 'act', args, {
        cwd: checkout,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { PATH: process.env.PATH, HOME: folder, XDG_CACHE_HOME: join(folder, 'cache') },
      });
      running.add(child);
      return ended(child).finally(() => running.delete(child));
    },
    checkedOut: (path) => textOf(join(checkout, path)),
    stored: (artifact, file) => textOf(join(store, artifact, file)),
    artifacts: () => readdirSync(store).sort(),
    commits: () => ({ head: shaOf('HEAD'), base: shaOf('HEAD^1') }),
    async stop() {
      for (const child of running) child.kill('SIGKILL');
      await lab.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

/** What a checkout has: the files that git knows or would, as they are now. */
function copyCheckout(to: string): void {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root });
  const needed = /^(?:\.github|action\.yml|sweep|dist|manifests|package\.json)/;
  for (const path of listed
    .toString()
    .split('\0')
    // Git goes on to list what was deleted since the last commit.
    .filter((each) => needed.test(each) && existsSync(join(root, each)))) {
    cpSync(join(root, path), join(to, path));
  }
}

/** Adapts the workflow files and answers the actions of others that they use, with what stands in for each. */
function prepareWorkflows(folder: string, oidcUrl: string, gate: string): [use: string, kind: StandIn][] {
  const uses = new Map<string, StandIn>();
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const document = parseDocument(readFileSync(path, 'utf8'));
    withoutQueue(document);
    withSubjects(document, oidcUrl);
    for (const step of stepsOf(document)) {
      const use = String(step.get('uses') ?? '').replace(/^\$\//, './');
      if (use === './') shorten(step);
      if (use.startsWith('./')) step.set('uses', localUse(use, gate));
      const kind = STAND_INS[use.split('@')[0] ?? ''] ?? (isOfOtherCommit(step, use) ? 'checkout' : undefined);
      if (!kind) continue;
      // act takes a local folder for a repository, not for an action in a folder of one.
      const flat = use.replace(/^(actions\/cache)\/(\w+)@/, '$1-$2@');
      step.set('uses', flat);
      uses.set(flat, kind);
    }
    writeFileSync(path, String(document));
  }
  return [...uses];
}

/** An action of the workflow's own commit. A caller's checkout has none of them, this repository's has the one in a folder. */
function localUse(use: string, gate: string): string {
  if (use !== './' && gate === GATE) return use;
  return gate.replace('@', `${use.slice(1)}@`).replace('/@', '@');
}

/** GitHub's own rule for the subject of a job: its environment, else a pull request, else its branch. act has no tokens. */
function withSubjects(document: Document, oidcUrl: string): void {
  const jobs = document.get('jobs');
  if (!isMap(jobs)) return;
  for (const { value: job } of jobs.items) {
    if (!isMap(job)) continue;
    const given = job.get('environment');
    const text = String((isMap(given) ? given.get('name') : given) ?? '').trim();
    const environment = /^\$\{\{(.*)\}\}$/s.exec(text)?.[1]?.trim() ?? `'${text}'`;
    const branch = "github.event_name == 'pull_request' && 'pull_request' || format('ref:{0}', github.ref)";
    const subject = `(${environment}) && format('environment:{0}', ${environment}) || (${branch})`;
    job.setIn(['env', 'ACTIONS_ID_TOKEN_REQUEST_URL'], `${oidcUrl}&subject=repo:${LAB.repository}:\${{ ${subject} }}`);
  }
}

function withoutQueue(document: Document): void {
  const jobs = document.get('jobs');
  const places = isMap(jobs) ? jobs.items.map(({ key }) => ['jobs', String(key), 'concurrency']) : [];
  for (const place of [['concurrency'], ...places]) {
    if (document.hasIn(place)) document.deleteIn([...place, 'queue']);
  }
}

function stepsOf(document: Document): YAMLMap[] {
  const jobs = document.get('jobs');
  if (!isMap(jobs)) return [];
  return jobs.items.flatMap(({ value }) => {
    const steps = isMap(value) ? value.get('steps') : null;
    return isSeq(steps) ? steps.items.filter(isMap) : [];
  });
}

/** act copies the checkout for the commit that the event is of, and would fetch any other from GitHub. */
function isOfOtherCommit(step: YAMLMap, use: string): boolean {
  return use.startsWith('actions/checkout@') && step.hasIn(['with', 'ref']);
}

function shorten(step: YAMLMap): void {
  const given = step.get('with');
  if (!isMap(given) || given.get('mode') === 'report') return;
  for (const [name, value] of Object.entries(SHORT)) given.set(name, value);
}

function ended(child: ChildProcess): Promise<ActRun> {
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      log += chunk.toString();
    });
  }
  return new Promise((finish) => {
    child.once('close', (code) => {
      const ends = [...log.matchAll(/\[[^/\]]*\/([^\]]+?)\s*\]\s+🏁\s+Job (succeeded|failed)/g)];
      const jobs = Object.fromEntries(ends.map(([, job, how]) => [job ?? '', how === 'succeeded']));
      finish({ code, log, jobs });
    });
  });
}
