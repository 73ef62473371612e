import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../../src/clients/kubernetes/objects.ts';
import { Failure } from '../../../../src/lib/failure.ts';
import { checkPlacement } from '../../../../src/stages/ready/placement.ts';
import { fakeKube, nodes, prepared, stageContext, texts } from '../fakes.ts';

type Resources = { requests?: Record<string, string>; limits?: Record<string, string> };

const FOUR = { requests: { 'google.com/tpu': '4' }, limits: { 'google.com/tpu': '4' } };

function replica(name: string, node: string, resources: Resources = FOUR, beside: Resources[] = []) {
  const containers = [resources, ...beside].map((each, index) => ({ name: `c${index}`, resources: each }));
  return { metadata: { name, namespace: 'ns' }, spec: { nodeName: node, containers } };
}

/** Checks replicas on a pool of three nodes with four chips each; the failure and what was said. */
async function check(replicas: object[], pool: KubeObject[] = nodes(3)) {
  const { kube } = fakeKube({ Node: () => pool });
  const { context, said } = stageContext({ kube });
  const failure = await checkPlacement(context, prepared(), { replicas: replicas as never }).then(
    () => null,
    (error: unknown) => error as Failure,
  );
  return { failure, said: texts(said) };
}

const THREE = [replica('a', 'node-0'), replica('b', 'node-1'), replica('c', 'node-2')];

describe('replicas', () => {
  it('on the leased nodes with their chips are what is to be measured', async () => {
    expect(await check(THREE)).toEqual({ failure: null, said: [] });
  });

  it('have what their limits say where they request nothing', async () => {
    const limited = replica('a', 'node-0', { limits: { 'google.com/tpu': '4' } });
    expect((await check([limited, ...THREE.slice(1)])).failure).toBeNull();
  });

  it('have the chips of all their containers', async () => {
    const two = { requests: { 'google.com/tpu': '2' } };
    expect((await check([replica('a', 'node-0', two, [two]), ...THREE.slice(1)])).failure).toBeNull();
  });

  it('without chips on other nodes end the run, and the message counts the leased nodes that are empty', async () => {
    const { failure } = await check(['a', 'b', 'c'].map((name) => replica(name, 'cpu-0', {})));
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({ stage: 'ready', code: 'replica-elsewhere', blame: 'change' });
    expect(failure?.message).toBe(
      '3 replicas of 3 run outside of the leased node pool v6e (a on cpu-0, b on cpu-0, c on cpu-0), and 3 of its 3 ' +
        'nodes hold no replica.',
    );
    expect(failure?.hint).toMatch(/^The pods ask for no google\.com\/tpu\./);
  });

  it('with chips of another pool end the run', async () => {
    const { failure } = await check([...THREE.slice(0, 2), replica('c', 'other-pool-0')]);
    expect(failure).toMatchObject({ code: 'replica-elsewhere', blame: 'change' });
    expect(failure?.message).toMatch(/^1 replica of 3 runs outside .*c on other-pool-0.*1 of its 3 nodes/);
    expect(failure?.hint).toMatch(/ask for 4 google\.com\/tpu/);
  });

  it('on the leased nodes that ask for no chips end the run', async () => {
    const { failure } = await check([...THREE.slice(0, 2), replica('c', 'node-2', {})]);
    expect(failure).toMatchObject({ code: 'replica-without-chips', blame: 'change' });
    expect(failure?.message).toBe('c asks for no google.com/tpu, so no chip of the leased nodes is its.');
  });

  it('that do not have the same chips end the run', async () => {
    const one = replica('a', 'node-0', { requests: { 'google.com/tpu': '1' } });
    const { failure } = await check([one, ...THREE.slice(1)]);
    expect(failure).toMatchObject({ code: 'replica-chips-differ' });
    expect(failure?.message).toMatch(/a asks for 1 and its node node-0 has 4; b asks for 4/);
  });

  it('on a node with fewer chips than they ask for end the run', async () => {
    const { failure } = await check(THREE, nodes(3, 2));
    expect(failure).toMatchObject({ code: 'replica-chips-differ' });
    expect(failure?.message).toMatch(/c asks for 4 and its node node-2 has 0/);
  });

  it('that share a node leave another one empty, which is worth a warning', async () => {
    const two = { requests: { 'google.com/tpu': '2' } };
    const shared = [replica('a', 'node-0', two), replica('b', 'node-0', two), replica('c', 'node-1', two)];
    expect(await check(shared)).toEqual({
      ...{ failure: null, said: ['no replica runs on node-2 of the leased pool v6e'] },
    });
  });
});
