import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../../../src/clients/files/manifests.ts';
import { type BaseFiles, baseLook, leaseBase, planBase } from '../../../../src/stages/preflight/base.ts';
import { pattern } from '../../manifests/files.ts';
import { POOL, prepared, someInputs } from '../fakes.ts';

const NS = 'llm-d-inference-scheduling';
const GIVEN = { 'base-manifests': 'base', gateway: 'opendatahub/inference-gateway' };
const inputs = (change: Record<string, string> = {}) => someInputs({ ...GIVEN, ...change });
const stack = (change: (text: string) => string = (text) => text): Manifest[] =>
  pattern('pattern3').map((object) => {
    const changed = JSON.parse(change(JSON.stringify(object)));
    return { object: { ...changed, metadata: { namespace: NS, ...changed.metadata } }, file: 'f.yaml', line: 1 };
  });
const HEAD = stack();
const OTHER = stack((text) => text.replace('--dtype=bfloat16', '--dtype=half'));
const plan = (files: BaseFiles, change = {}) => planBase(files, HEAD, inputs(change));
const planned = (change = {}) => {
  const found = plan({ manifests: OTHER }, change);
  if (found.state !== 'planned') throw new Error(JSON.stringify(found));
  return found;
};
const lease = (change: Record<string, string>, replicas = 3) => {
  const head = prepared({ pool: POOL });
  const base = leaseBase({ inputs: inputs(change) }, planned(change), {
    ...head,
    service: { ...head.service, replicas },
  });
  return base;
};

describe('the base stack, before anything is leased', () => {
  it('is one replica under a name of its own, or all replicas', () => {
    expect(planned().service).toMatchObject({ name: 'qwen2-3b-pattern3-base', namespace: NS, replicas: 1 });
    expect(planned({ 'base-replicas': 'all' }).service.replicas).toBe(3);
    expect(planned().contentHash).not.toBe(planned().headHash);
  });

  it('is the same stack where all objects are the same, whatever the order of their fields', () => {
    const turned = HEAD.map((one) => ({
      ...one,
      object: Object.fromEntries(Object.entries(one.object).reverse()) as never,
    }));
    expect(plan({ manifests: turned.reverse() })).toMatchObject({ state: 'same' });
    expect(baseLook({ state: 'same', contentHash: 'x' }).seen).toContain('nothing is deployed twice');
  });

  it.each<[what: string, files: BaseFiles, reason: RegExp]>([
    ['files that cannot be read', { problem: 'The base manifests cannot be read: no such folder.' }, /no such folder/],
    [
      'no service',
      { manifests: OTHER.filter(({ object }) => object.kind !== 'LLMInferenceService') },
      /hold 0 LLMInferenceServices/,
    ],
    [
      'an image from elsewhere',
      { manifests: stack((text) => text.replace('registry.redhat.io/rhaiis', 'example.com/own')) },
      /^The base stack is refused: The manifests are refused: .*example\.com/,
    ],
    [
      'a shape that cannot be measured',
      { manifests: stack((text) => text.replace('"spec":{', '"spec":{"worker":{"containers":[]},')) },
      /^The base stack is refused/,
    ],
  ])('is not measured with %s, and ends no run', (_, files, reason) => {
    const found = plan(files);
    expect(found).toMatchObject({ state: 'not-measured', reason: expect.stringMatching(reason) });
  });

  it('has one more node, or as many as it has replicas', () => {
    expect(lease({})).toMatchObject({ state: 'ready', prepared: { nodes: 1, isBase: true, retire: [] } });
    expect(lease({ 'base-replicas': 'all' })).toMatchObject({ state: 'ready', prepared: { nodes: 3 } });
  });

  it.each([
    [{ nodes: '3' }, 'The comparison needs 4 nodes, and "nodes" is 3.'],
    [{ 'max-nodes': '3' }, 'The comparison needs 4 nodes, and "max-nodes" allows 3.'],
    [{ 'max-cost': '5', 'price-per-chip-hour': '2' }, /^The comparison costs too much: /],
  ])('is not measured where the inputs leave no room for its nodes: %j', (change, reason) => {
    const found = lease(change as Record<string, string>);
    expect(found.state).toBe('not-measured');
    expect('reason' in found ? found.reason : '').toMatch(reason);
    expect(baseLook(found)).toMatchObject({ outcome: 'warning', seen: expect.stringContaining('not compared') });
  });
});
