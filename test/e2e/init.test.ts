import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NoOperationTraceWriter } from '@actions/workflow-parser/templates/trace-writer';
import { parseWorkflow } from '@actions/workflow-parser/workflows/workflow-parser';
import { afterEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { LAB } from '../../lab/lab.ts';
import { fences } from '../checks/fences.ts';
import { root } from '../checks/root.ts';
import { MINUTES } from './e2e.ts';
import { type Newcomer, startNewcomer } from './setup-lab.ts';

const CONFIG = '.github/tpu-serving-gate.yml';
const FOLDER = '.github/workflows';
const FULL = `projects/${LAB.project}/locations/${LAB.location}/clusters/${LAB.cluster}`;

let newcomer: Newcomer;
afterEach(() => newcomer?.stop());

const read = (path: string) => readFileSync(join(newcomer.checkout, path), 'utf8');
/** The commands of the output, which are all that follows the first comment. */
const scriptIn = (stdout: string) =>
  stdout.slice(stdout.indexOf('\n# ')).replace(/\nProtect the default branch.*/s, '');
const asked = async () => {
  const { gcp, kube, github } = await newcomer.lab.record();
  return [...gcp.requests, ...kube.requests, ...github.requests];
};

describe('init', () => {
  it(
    'finds project, cluster, pool and gateway, and writes workflows of ten lines at most',
    async () => {
      newcomer = await startNewcomer();
      const { code, stdout, stderr } = await newcomer.gate(['init']);
      expect([code, stderr]).toEqual([0, '']);
      expect(readdirSync(join(newcomer.checkout, FOLDER)).sort()).toEqual([
        'tpu-deploy.yml',
        'tpu-measure.yml',
        'tpu-nightly.yml',
        'tpu-pull-request.yml',
        'tpu-sweep.yml',
      ]);
      for (const name of readdirSync(join(newcomer.checkout, FOLDER))) {
        const text = read(`${FOLDER}/${name}`);
        expect(text.trimEnd().split('\n').length, text).toBeLessThanOrEqual(10);
        const { context } = parseWorkflow({ name, content: text }, new NoOperationTraceWriter());
        expect(context.errors.getErrors().map(({ message }) => message)).toEqual([]);
        const { jobs } = parse(text) as { jobs: { gate: { with: Record<string, string> } } };
        expect(jobs.gate.with).toMatchObject({
          'workload-identity-provider': expect.stringMatching(/^projects\/\d+\/.*\/providers\/serving$/),
          'service-account': LAB.serviceAccountEmail,
        });
      }
      expect(read(CONFIG)).toMatch(/^# yaml-language-server: \$schema=https:\/\/\S+\/docs\/config\.schema\.json\n/);
      expect(parse(read(CONFIG))).toEqual({
        cluster: FULL,
        'node-pool': LAB.nodePool,
        namespace: LAB.namespace,
        gateway: `${LAB.gateway.namespace}/${LAB.gateway.name}`,
        manifests: 'manifests/pattern3',
      });
      // A repository without a stack gets the one that ships with the gate.
      expect(existsSync(join(newcomer.checkout, 'manifests/pattern3/kustomization.yaml'))).toBe(true);
      expect(stdout).toContain('gh api --method PUT repos/octo/serving/environments/tpu');
      expect(stdout).toContain(`/subject/repo:${LAB.repository}:environment:tpu`);
    },
    MINUTES,
  );

  it(
    'keeps a file that differs, and replaces it with --force alone',
    async () => {
      newcomer = await startNewcomer();
      await newcomer.gate(['init', '--yes']);
      const before = read(CONFIG);
      expect(await newcomer.gate(['init'])).toMatchObject({ code: 0, stdout: expect.stringContaining('unchanged ') });
      writeFileSync(join(newcomer.checkout, CONFIG), `${before}nodes: 2\n`);
      expect(await newcomer.gate(['init'])).toEqual({
        code: 3,
        stdout: '',
        stderr: `${CONFIG} is there and differs; nothing was written. --force replaces it.\n`,
      });
      expect(read(CONFIG)).toBe(`${before}nodes: 2\n`);
      expect(await newcomer.gate(['init', '--force'])).toMatchObject({ code: 0 });
      expect(read(CONFIG)).toBe(before);
    },
    MINUTES,
  );

  it(
    'refuses all that is wrong at once, before any call',
    async () => {
      newcomer = await startNewcomer();
      const { code, stdout, stderr } = await newcomer.gate([
        ...[
          'init',
          '--project',
          'My Project',
          '--location',
          'mars',
          '--pol',
          'x',
          '--gateway',
          'g',
          '--manifests',
          '../x',
        ],
        ...['--repository', 'a;b/c', '--cluster'],
      ]);
      expect([code, stdout]).toEqual([3, '']);
      expect(stderr.trimEnd().split('\n').sort()).toEqual([
        '--cluster needs a value.',
        '--gateway is "g"; allowed: NAMESPACE/NAME, such as opendatahub/inference-gateway.',
        '--location is "mars"; allowed: a zone or region, such as europe-west4-a.',
        expect.stringMatching(/^--manifests is "\.\.\/x"; allowed: a folder below the root/),
        '--project is "My Project"; allowed: a project ID (not its number or display name).',
        '--repository is "a;b/c"; allowed: OWNER/NAME.',
        'Flag "--pol" is not known; did you mean "--pool"?',
      ]);
      expect(await asked()).toEqual([]);
      expect(existsSync(join(newcomer.checkout, '.github'))).toBe(false);
    },
    MINUTES,
  );

  it(
    'writes into no folder of the gate, and into the one that is named',
    async () => {
      newcomer = await startNewcomer();
      const here = await newcomer.gate(['run', 'init'], {}, root);
      expect(here).toEqual({
        code: 3,
        stdout: '',
        stderr: "This is the gate's own folder; give your repository as --checkout FOLDER.\n",
      });
      expect(await newcomer.gate(['init', '--checkout', 'gone'])).toMatchObject({
        code: 3,
        stderr: '--checkout is "gone", which is not a folder.\n',
      });
      expect(await asked()).toEqual([]);
      const there = await newcomer.gate(['run', 'init', '--checkout', newcomer.checkout], {}, root);
      expect([there.code, there.stderr]).toEqual([0, '']);
      expect(existsSync(join(newcomer.checkout, CONFIG))).toBe(true);
    },
    MINUTES,
  );

  it(
    'asks at a terminal, and asks again after a wrong answer',
    async () => {
      newcomer = await startNewcomer();
      const lines = ['', 'trunk', '', '../up', 'deploy/stack', '', '', '', '', ''];
      const { code, stdout } = await newcomer.typed(['init'], lines);
      expect(code, stdout).toBe(0);
      expect(stdout).toContain(`Repository on GitHub that the workflows are for. [${LAB.repository}] > `);
      expect(stdout).toContain('--manifests is "../up"; allowed: a folder below the root');
      expect(stdout).toContain(`Node pool with TPU nodes. [${LAB.nodePool}] > `);
      expect(read(`${FOLDER}/tpu-nightly.yml`)).toContain('manifests: deploy/stack');
      expect(stdout).toContain(`repo:${LAB.repository}:ref:refs/heads/trunk`);
      // Nothing ships into a folder of the user's own.
      expect(existsSync(join(newcomer.checkout, 'deploy'))).toBe(false);
    },
    MINUTES,
  );

  it(
    'names what it cannot find',
    async () => {
      newcomer = await startNewcomer();
      await newcomer.setIam({ denied: ['resourcemanager.projects.get'] });
      const { code, stderr } = await newcomer.gate(['init', '--cluster', 'surfing']);
      expect(code).toBe(3);
      expect(stderr).toMatch(
        /^--project-number is missing, and it cannot be looked up: Google Cloud refused it with 403: ".*"\.$/m,
      );
      expect(stderr).toMatch(/^--cluster is missing\.$/m);
      expect(existsSync(join(newcomer.checkout, '.github'))).toBe(false);
    },
    MINUTES,
  );
});

describe('doctor', () => {
  const states = (stdout: string) =>
    Object.entries(Object.groupBy(stdout.split('\n'), (line) => line.slice(0, 13).trim()));

  it(
    'finds nothing set up, then all of it once the commands have run',
    async () => {
      newcomer = await startNewcomer();
      const token = { GITHUB_TOKEN: newcomer.lab.githubToken };
      const { stdout: printed } = await newcomer.gate(['init']);
      const before = await newcomer.gate(['doctor'], token);
      expect([before.code, before.stderr]).toEqual([1, '']);
      expect(before.stdout).toMatch(
        /^missing {6}Identity provider: .* does not exist\n {13}gcloud iam workload-identity-pools create/m,
      );
      expect(before.stdout).toMatch(/^missing {6}Environment "tpu": it does not exist\n {13}gh api --method PUT/m);
      await newcomer.obey(scriptIn(printed));
      await newcomer.setRepository({ protectedBranches: ['main'] });
      const after = await newcomer.gate(['doctor'], token);
      expect(after.stdout).not.toMatch(/^(?:missing|not checked)/m);
      expect([after.code, after.stderr], JSON.stringify(states(after.stdout))).toEqual([0, '']);
    },
    MINUTES,
  );

  it(
    'finds all of it once somebody has pasted the blocks of the quick start that need Google Cloud or GitHub',
    async () => {
      newcomer = await startNewcomer();
      await newcomer.gate(['init']);
      const page = readFileSync(join(root, 'docs/quickstart.md'), 'utf8');
      const blocks = fences(page, 'sh').filter(
        (block) => /^# needs (?:Google Cloud|GitHub)\n/.test(block) && !block.includes('npx'),
      );
      expect(blocks.length).toBeGreaterThan(4);
      const own = Object.entries({
        ...{ 'my-org/my-repo': LAB.repository, 'my-repo': 'serving', 'my-project': LAB.project },
        ...{ 'my-cluster': LAB.cluster, 'tpu-v6e-pool': LAB.nodePool, 'europe-west4-a': LAB.location },
      });
      await newcomer.obey(own.reduce((text, [example, name]) => text.replaceAll(example, name), blocks.join('\n')));
      await newcomer.setRepository({ protectedBranches: ['main'] });
      const { code, stdout, stderr } = await newcomer.gate(['doctor'], { GITHUB_TOKEN: newcomer.lab.githubToken });
      expect(stdout).not.toMatch(/^(?:missing|not checked)/m);
      expect([code, stderr], stdout).toEqual([0, '']);
    },
    MINUTES,
  );

  it(
    'reports what it may not see as not checked, and an account that too many jobs may become as missing',
    async () => {
      newcomer = await startNewcomer();
      const { stdout: printed } = await newcomer.gate(['init']);
      await newcomer.obey(scriptIn(printed));
      await newcomer.setIam({ denied: ['iam.roles.get'] });
      const hidden = await newcomer.gate(['doctor']);
      expect(hidden.code).toBe(4);
      const asJson = await newcomer.gate(['doctor', '--json']);
      expect([asJson.code, asJson.stderr]).toEqual([4, '']);
      expect(JSON.parse(asJson.stdout)).toMatchObject({
        findings: expect.arrayContaining([
          expect.objectContaining({ title: 'Role tpuServingGate', state: 'not-checked', remedy: null }),
        ]) as unknown,
      });
      expect(hidden.stdout).toMatch(/^not checked {2}Role tpuServingGate: Google Cloud refused it with 403/m);
      expect(hidden.stdout).toMatch(/^not checked {2}Environment "tpu": GITHUB_TOKEN is not set/m);
      const wide = `principalSet://iam.googleapis.com/projects/${LAB.projectNumber}/locations/global/workloadIdentityPools/github/attribute.repository/${LAB.repository}`;
      await newcomer.setIam({
        denied: [],
        accounts: { [LAB.serviceAccountEmail]: [{ role: 'roles/iam.workloadIdentityUser', members: [wide] }] },
      });
      const open = await newcomer.gate(['doctor']);
      expect(open.code).toBe(1);
      expect(open.stdout).toMatch(
        /more jobs may than have to: principalSet:.*\n {13}gcloud iam service-accounts remove-iam-policy-binding/,
      );
    },
    MINUTES,
  );
});
