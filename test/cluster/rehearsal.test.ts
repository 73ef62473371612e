import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assetsFolder } from '../../lab/apiserver/assets.ts';
import { createRealApi, type RealApi } from '../../lab/apiserver/real-api.ts';
import { GATE_USER, gateRoles } from '../../lab/apiserver/roles.ts';
import type { MeasuredResult } from '../../lab/busy.ts';
import { childEnv } from '../../lab/child-env.ts';
import { type Lab, type LabRecord, startLab } from '../../lab/lab.ts';
import { gateArguments } from '../../lab/rehearse.ts';
import { SCENARIOS } from '../../lab/scenarios/scenarios.ts';
import { CLI } from '../cli.ts';
import { onQuietMachine } from '../e2e/quiet.ts';
import { ROOT } from '../unit/manifests/files.ts';
import { type Access, accessOf, neededBy, type Role, rulesIn, rulesWithout, sameGrants } from './permissions.ts';

const MINUTES = 60_000;

/** Grants that no request of a run on this server shows, with the reason; each of them is tested elsewhere or stated. */
const NOT_SEEN: Record<string, string> = {
  'create pods/portforward': 'Kubernetes asks for it from 1.35 on',
  'update leases': 'a sign of life comes after a minute; test/cluster/lease.test.ts gives one',
  'list leases': 'the sweeper looks for leases that have run out',
  'create services': 'a Service stands in for a pool of one replica where the cluster refuses the pool',
  'patch services': 'the same',
  'list gateways': 'where no gateway is named, the only one is used',
};

interface Run {
  code: number | null;
  log: string;
  comment: string;
  result: MeasuredResult & { stages: { stage: string; outcome: string }[] };
  record: LabRecord;
}

const rehearsed = (lab: Lab): Promise<Run> =>
  onQuietMachine(
    () => rehearse(lab),
    ({ result }) => result,
  );

async function rehearse(lab: Lab): Promise<Run> {
  const output = mkdtempSync(join(tmpdir(), 'rehearsal-'));
  // What three pairs prove on any machine that is quiet.
  const short = ['--pairs=3-6', '--target-speedup=2-2.8', '--latency-duration=2s', '--goodput-slo=off'];
  const flags = [...gateArguments(output), ...short];
  const child = spawn(process.execPath, [CLI, 'run', ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...childEnv(), HOME: process.env.HOME ?? '', ...lab.env, GITHUB_TOKEN: lab.githubToken },
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      log += chunk.toString();
    });
  }
  const code = await new Promise<number | null>((done) => child.once('close', done));
  const read = (name: string) => readFileSync(join(output, name), 'utf8');
  const run = { code, log, comment: read('comment.md'), result: JSON.parse(read('result.json')) };
  rmSync(output, { recursive: true, force: true });
  return { ...run, record: await lab.record() };
}

const start = async (scenario: string, real: boolean): Promise<Lab> =>
  startLab({
    scenario: SCENARIOS[scenario]!,
    // A real API server follows provisioning no faster than the lab's inference.
    timeScale: real ? 20 : 100,
    inferenceScale: 20,
    seed: 7,
    entry: { module: CLI, args: ['lab-process'] },
    ...(real ? { apiServer: { assets: assetsFolder(process.env)!, rbac: await roles() } } : {}),
  });

const roles = () => gateRoles(pathToFileURL(`${join(ROOT, 'manifests', 'rbac')}/`));

/**
 * What a comment says before its foldable evidence, and the titles of that; without figures and units, which differ from
 * one measurement to the next. Which pod was in which state when the run ended is chance, and in the evidence.
 */
function wording(comment: string): string[] {
  return (
    comment
      .replaceAll(/<\/summary>[\s\S]*?<\/details>/g, '')
      // Whether a replica stood out beyond chance is a figure too: the cores are shared with the API server.
      .replace(/^.*Note: Replicas differ in speed.*\n\n/m, '')
      // So is the longest of two stages of a second each.
      .replace(/Timeline: \w+ took longest/, 'Timeline: # took longest')
      .split('\n')
      .filter((line) => !line.startsWith('<!--') && !line.startsWith('{'))
      .map((line) =>
        line
          .replaceAll(/[0-9a-z-]*\d[\d.,:%×–-]*[0-9a-z.-]*/g, '#')
          // A name may end in a digit, which takes the colon behind it along, or in a letter.
          .replaceAll(/#[:,.]/g, '#')
          .replaceAll(/(?:# ?)+/g, '# ')
          .replaceAll(/#\s+(?:ms|s|min)\b/g, '#')
          .trimEnd(),
      )
  );
}

describe('the gate on a real API server, with the shipped roles and no others', () => {
  let lab: Lab;
  let api: RealApi;
  let run: Run;
  let failed: Run;
  let own: Access[];

  beforeAll(async () => {
    lab = await start('pass', true);
    api = createRealApi({
      server: `https://${lab.kube.endpoint}`,
      caPem: lab.kube.caPem,
      token: lab.kube.adminToken!,
      agent: 'test',
    });
    run = await rehearsed(lab);
    // The diagnosis asks for what a run that passes has no need of.
    const failing = await start('image-pull-private', true);
    failed = await rehearsed(failing).finally(() => failing.stop());
    own = [run, failed].flatMap(({ record }) =>
      record.kube.requests.filter(({ user }) => user === GATE_USER).flatMap((request) => accessOf(request) ?? []),
    );
  }, 5 * MINUTES);
  afterAll(async () => {
    await api?.close();
    await lab?.stop();
  });

  it('deploys, waits, verifies and measures, and gives the nodes back', () => {
    expect(run.log).not.toContain('unhandled');
    expect(run.result.stages.map(({ stage, outcome }) => [stage, outcome])).toEqual(
      ['preflight', 'lease', 'deploy', 'ready', 'verify', 'benchmark', 'release'].map((stage) => [stage, 'done']),
    );
    expect([run.code, run.result.verdict]).toEqual([0, 'pass']);
    for (const { record } of [run, failed]) expect(Object.values(record.gcp.nodes).flat()).toEqual([]);
  });

  it('the lab wrote nothing that a real API server refuses', () => {
    expect([...run.record.kube.refusedWrites, ...failed.record.kube.refusedWrites]).toEqual([]);
  });

  it('is never refused anything', () => {
    // Plain KServe would have its controller in that namespace, which is not there.
    const looked = ({ namespace, resource }: Access) => namespace === 'kserve' && resource === 'deployments';
    expect(own.filter((each) => (each.status === 403 || each.status === 401) && !looked(each))).toEqual([]);
    expect(own.length).toBeGreaterThan(50);
  });

  it('uses every verb on every resource that it is granted', async () => {
    const unused = rulesIn(await roles())
      .filter((rule) => !own.some((access) => access.status !== 403 && neededBy(rule, access)))
      .map(({ verb, resource }) => `${verb} ${resource}`)
      .filter((name) => NOT_SEEN[name] === undefined);
    expect(unused).toEqual([]);
  });

  it(
    'needs each of them: without it the API server would refuse what the run asked',
    async () => {
      const allowed = async ({ group, resource, subresource, namespace, name }: Access, verb: string) => {
        const attributes = { verb, group, resource, subresource, namespace, name };
        const { body } = await api.ask('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
          spec: { user: GATE_USER, groups: ['system:authenticated'], resourceAttributes: attributes },
        });
        return body.status.allowed as boolean;
      };
      const rbac = (role: Role) =>
        `/apis/rbac.authorization.k8s.io/v1${role.metadata.namespace ? `/namespaces/${role.metadata.namespace}` : ''}/${role.kind.toLowerCase()}s/${role.metadata.name}`;
      const all = rulesIn(await roles());
      for (const rule of all) {
        const used = own.find((access) => neededBy(rule, access));
        if (!used) continue;
        const same = sameGrants(rule, all);
        const granting = [...new Set(same.map(({ role }) => role))];
        const set = (role: Role, rules: Role['rules']) =>
          api.ask('PATCH', rbac(role), { rules }, 'application/merge-patch+json');
        const what = `${rule.verb} ${rule.resource} in ${rule.role.metadata.namespace ?? 'the cluster'}`;
        expect(await allowed(used, rule.verb), what).toBe(true);
        for (const role of granting) await set(role, rulesWithout(role, same));
        await expect.poll(() => allowed(used, rule.verb), { timeout: 5_000, message: what }).toBe(false);
        for (const role of granting) await set(role, role.rules);
        await expect.poll(() => allowed(used, rule.verb), { timeout: 5_000, message: what }).toBe(true);
      }
    },
    MINUTES,
  );

  it.each(['pass', 'image-pull-private'])(
    "says of %s what it says on the lab's own API",
    async (scenario) => {
      const here = scenario === 'pass' ? run : failed;
      const other = await start(scenario, false);
      const there = await rehearsed(other).finally(() => other.stop());
      expect([there.code, there.result.verdict]).toEqual([here.code, here.result.verdict]);
      expect(there.code).toBe(SCENARIOS[scenario]!.expect.exitCode);
      expect(wording(here.comment)).toEqual(wording(there.comment));
    },
    3 * MINUTES,
  );
});
