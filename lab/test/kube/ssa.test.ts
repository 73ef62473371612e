import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { applyConfig, trackUpdate } from '../../kube/ssa/apply.ts';
import { fromFieldsV1, paths, pathText, setOf, toFieldsV1 } from '../../kube/ssa/fieldset.ts';
import type { JsonObject, TypeNode } from '../../kube/types.ts';
import { builtinType, emptyObject } from '../../kube/types.ts';
import type { KubeObject } from '../../protocol.ts';

interface Step {
  op: 'apply' | 'update';
  manager: string;
  force: boolean;
  object: JsonObject;
  error?: string;
}

const fixture = new URL('./fixtures/managed-fields.json', import.meta.url);
const recorded = JSON.parse(readFileSync(fixture, 'utf8')) as { sequences: { steps: Step[]; live: KubeObject }[] };

function play(live: KubeObject | null, { op, manager, force, object }: Step): KubeObject {
  const type = builtinType(object.kind) as TypeNode;
  const writer = {
    manager,
    apiVersion: object.apiVersion,
    subresource: '',
    now: '2026-01-01T00:00:00Z',
    resets: setOf(),
  };
  const config = structuredClone(object) as KubeObject;
  if (op === 'apply') return applyConfig(live, config, type, writer, force);
  trackUpdate(live, config, type, writer);
  return config;
}

const withoutTimes = (object: KubeObject): KubeObject => {
  const copy = structuredClone(object);
  for (const entry of (copy.metadata?.managedFields ?? []) as JsonObject[]) delete entry.time;
  return copy;
};
const byName = (object: KubeObject) =>
  (object.metadata?.managedFields as JsonObject[] | undefined)?.toSorted((a, b) =>
    a.operation + a.manager < b.operation + b.manager ? -1 : 1,
  );
const lines = (text: string | undefined) => text?.split('\n').sort();

describe('server-side apply against sequences recorded from the upstream library', () => {
  it.each(recorded.sequences.map((sequence, index) => [index + 1, sequence] as const))('sequence %i', (_, sequence) => {
    let live: KubeObject | null = null;
    for (const step of sequence.steps) {
      let error: string | undefined;
      try {
        live = play(live, step);
      } catch (thrown) {
        error = (thrown as Error).message;
      }
      expect(lines(error)).toEqual(lines(step.error));
    }
    const first = sequence.steps[0] as Step;
    const result: KubeObject = withoutTimes(live ?? emptyObject(first.object.apiVersion, first.object.kind));
    const { managedFields: _mine, ...metadata } = result.metadata;
    const { managedFields: _theirs, ...expected } = sequence.live.metadata ?? {};
    expect({ ...result, metadata }).toEqual({ ...sequence.live, metadata: expected });
    expect(byName(result)).toEqual(byName(sequence.live));
  });
});

const pod = (containers: JsonObject[], labels?: JsonObject): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', ...(labels ? { labels } : {}) },
  spec: { containers },
});
const apply = (live: KubeObject | null, manager: string, object: JsonObject, force = false) =>
  play(live, { op: 'apply', manager, force, object });

describe('server-side apply', () => {
  it('merges containers by name and keeps the order of the configuration', () => {
    const first = apply(null, 'a', pod([{ name: 'main', image: 'i' }]));
    const second = apply(
      first,
      'b',
      pod([
        { name: 'proxy', image: 'j' },
        { name: 'main', workingDir: '/w' },
      ]),
    );
    expect(second.spec.containers).toEqual([
      { name: 'proxy', image: 'j' },
      { name: 'main', image: 'i', workingDir: '/w' },
    ]);
  });

  it('removes what its manager no longer applies, unless another one owns it too', () => {
    const first = apply(null, 'a', pod([{ name: 'main', image: 'i' }], { x: '1', y: '2' }));
    const shared = apply(first, 'b', pod([], { y: '2' }));
    const second = apply(shared, 'a', pod([{ name: 'main', image: 'i' }]));
    expect(second.metadata.labels).toEqual({ y: '2' });
  });

  it('names the field and the manager of a conflict, and takes the field over when forced', () => {
    const live = apply(null, 'a', pod([{ name: 'main', image: 'i' }]));
    const other = pod([{ name: 'main', image: 'j' }]);
    expect(() => apply(live, 'b', other)).toThrow(
      'Apply failed with 1 conflict: conflict with "a": .spec.containers[name="main"].image',
    );
    const forced = apply(live, 'b', other, true);
    expect(forced.spec.containers[0].image).toBe('j');
    const owners = (forced.metadata.managedFields as JsonObject[]).filter((entry) =>
      JSON.stringify(entry).includes('f:image'),
    );
    expect(owners.map((entry) => entry.manager)).toEqual(['b']);
  });

  it('treats everything there was as owned by before-first-apply on an object without managers', () => {
    const untracked = { ...emptyObject('v1', 'ConfigMap'), data: { a: '1' } };
    untracked.metadata.name = 'c';
    const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: { a: '2' } };
    expect(() => apply(untracked, 'a', config)).toThrow('conflict with "before-first-apply" using v1: .data.a');
  });

  it('lets kubectl take over what its own client-side apply set', () => {
    const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: { a: '1' } };
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(config) };
    const created = { ...config, metadata: { name: 'c', annotations } };
    const live = play(null, { op: 'update', manager: 'kubectl-client-side-apply', force: false, object: created });
    const next = { ...config, data: { a: '2' } };
    expect(() => apply(live, 'other', next)).toThrow('conflict with "kubectl-client-side-apply" using v1: .data.a');
    expect(apply(live, 'kubectl', next).data).toEqual({ a: '2' });
  });
});

describe('field sets', () => {
  it('survive the way to FieldsV1 and back', () => {
    const set = setOf(
      ['f:spec'],
      ['f:spec', 'f:containers', 'k:{"name":"main"}'],
      ['f:metadata', 'f:finalizers', 'v:"x"'],
    );
    const wire = toFieldsV1(set);
    expect(wire).toEqual({
      'f:metadata': { 'f:finalizers': { 'v:"x"': {} } },
      'f:spec': { '.': {}, 'f:containers': { 'k:{"name":"main"}': {} } },
    });
    expect(paths(fromFieldsV1(wire)).map(pathText)).toEqual([
      '.metadata.finalizers[="x"]',
      '.spec',
      '.spec.containers[name="main"]',
    ]);
  });
});
