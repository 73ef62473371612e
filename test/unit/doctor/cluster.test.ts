import { expect, it } from 'vitest';
import type { AccessAttributes, KubeClient } from '../../../src/clients/kubernetes/client.ts';
import { checkCluster } from '../../../src/doctor/cluster.ts';
import type { World } from '../../../src/init/discover.ts';
import { cloudNames } from '../../../src/init/names.ts';
import { stepsOf } from '../../../src/init/steps.ts';
import { Failure } from '../../../src/lib/failure.ts';

const ANSWERS = {
  ...{ project: 'my-project', projectNumber: '123456789012', location: 'us-east5-a', cluster: 'mine', pool: 'v6e' },
  ...{ gateway: 'edge/gw', namespace: 'stack', manifests: 'manifests/pattern3' },
  ...{ repository: 'my-org/my-repo', branch: 'main', gate: 'o/gate@v1.0.0' },
};
const NAMES = cloudNames(ANSWERS);

const forbidden = () =>
  Promise.reject(new Failure({ stage: 'preflight', code: 'kube-forbidden', message: 'It is forbidden.' }));

function check(change: Partial<KubeClient>, open?: World['open']) {
  const kube = {
    get: async () => ({ metadata: {} }),
    secretKeys: async () => ({ type: 'x', keys: [] }),
    versionsOf: async (group: string) => (group.endsWith('x-k8s.io') ? ['v1alpha2'] : []),
    canUser: async () => true,
    ...change,
  } as unknown as KubeClient;
  const info = { name: 'mine', nodePools: [{ name: 'v6e' }] };
  const world = { open: open ?? (async () => ({ kube, info, gke: {} })) } as unknown as World;
  return checkCluster(world, ANSWERS, NAMES, (step) => stepsOf(ANSWERS)[step].commands.join(' && '));
}

const RUN = `Roles in the cluster of ${NAMES.account}`;
const READING = `Roles in the cluster of ${NAMES.readingAccount}`;

it('asks what each of the two identities may do, and nothing about who runs it', async () => {
  const asked: { user: string; attributes: AccessAttributes }[] = [];
  const findings = await check({
    canUser: async (user, attributes) => {
      asked.push({ user, attributes });
      return true;
    },
  });
  expect(findings.map(({ state }) => state)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok', 'ok']);
  const verbs = (user: string) => [
    ...new Set(asked.filter((each) => each.user === user).map(({ attributes }) => attributes.verb)),
  ];
  expect(verbs(NAMES.account)).toEqual(expect.arrayContaining(['create', 'delete', 'patch']));
  expect(verbs(NAMES.readingAccount).sort()).toEqual(['get', 'list']);
  expect(asked.some(({ attributes }) => attributes.resource === 'inferencepools')).toBe(true);
});

it('names the rules that are missing, and the command that grants them', async () => {
  const findings = await check({
    canUser: async (user, { resource }) => user !== NAMES.account || resource !== 'leases',
  });
  const lacking = findings.filter(({ state }) => state === 'missing');
  expect(lacking.map(({ title }) => title)).toEqual([RUN]);
  expect(lacking[0]).toMatchObject({
    seen: expect.stringMatching(/^it may not get leases\.coordination\.k8s\.io, .* in default$/),
    remedy: expect.stringContaining(`|${NAMES.account}|' | kubectl apply -f -`),
  });
});

it('does not take what it may not see for what is missing', async () => {
  const findings = await check({ get: forbidden, secretKeys: forbidden, canUser: forbidden });
  expect(findings.filter(({ state }) => state === 'missing')).toEqual([]);
  expect(findings.filter(({ state }) => state === 'not-checked').map(({ title }) => title)).toEqual([
    ...['Gateway', 'Namespace', 'Pull secret', RUN, READING],
  ]);
});

it('gives one reason for all of a cluster that it cannot reach', async () => {
  const findings = await check({}, forbidden);
  expect(new Set(findings.map(({ state, seen }) => `${state}: ${seen}`))).toEqual(
    new Set(['not-checked: It is forbidden']),
  );
});
