import { describe, expect, it } from 'vitest';
import { jsonPatch, mergePatch } from '../../kube/patch.ts';
import { decodeProtobuf } from '../../kube/protobuf.ts';
import { strategicMerge } from '../../kube/strategic.ts';
import { builtinType } from '../../kube/types.ts';

describe('merge patch', () => {
  it.each([
    [{ a: 'b' }, { a: null }, {}],
    [{ a: [1] }, { a: [2] }, { a: [2] }],
    [{ a: { b: 1, c: 2 } }, { a: { b: null, d: 3 } }, { a: { c: 2, d: 3 } }],
    [{ a: 1 }, { b: { c: null } }, { a: 1, b: {} }],
  ])('%j with %j', (target, patch, expected) => expect(mergePatch(target, patch)).toEqual(expected));
});

describe('JSON patch', () => {
  const document = { a: [1, 2], 'x/y': { '~': 1 } };
  it.each([
    [
      { op: 'add', path: '/a/1', value: 9 },
      { ...document, a: [1, 9, 2] },
    ],
    [
      { op: 'add', path: '/a/-', value: 9 },
      { ...document, a: [1, 2, 9] },
    ],
    [
      { op: 'remove', path: '/a/0' },
      { ...document, a: [2] },
    ],
    [
      { op: 'replace', path: '/x~1y/~0', value: 2 },
      { ...document, 'x/y': { '~': 2 } },
    ],
    [
      { op: 'move', from: '/a', path: '/b' },
      { 'x/y': { '~': 1 }, b: [1, 2] },
    ],
    [
      { op: 'copy', from: '/a', path: '/b' },
      { ...document, b: [1, 2] },
    ],
    [{ op: 'test', path: '/a/0', value: 1 }, document],
  ])('%j', (operation, expected) => expect(jsonPatch(document, [operation])).toEqual(expected));

  it('refuses what does not fit the document', () => {
    const misfit = 'the server rejected our request due to an error in our request';
    expect(() => jsonPatch(document, [{ op: 'test', path: '/a/0', value: 2 }])).toThrow(misfit);
    expect(() => jsonPatch(document, [{ op: 'remove', path: '/nope' }])).toThrow(misfit);
    expect(() => jsonPatch(document, {})).toThrow('cannot unmarshal');
  });
});

describe('strategic merge patch', () => {
  const type = builtinType('PodSpec');
  const spec = {
    containers: [
      { name: 'a', image: '1', env: [{ name: 'X', value: '1' }] },
      { name: 'b', image: '1' },
    ],
    tolerations: [{ key: 'k' }],
  };

  it('merges lists by their key and replaces atomic ones', () => {
    const patch = { containers: [{ name: 'a', env: [{ name: 'Y', value: '2' }] }], tolerations: [{ key: 'z' }] };
    expect(strategicMerge(spec, patch, type)).toEqual({
      containers: [
        {
          name: 'a',
          image: '1',
          env: [
            { name: 'X', value: '1' },
            { name: 'Y', value: '2' },
          ],
        },
        spec.containers[1],
      ],
      tolerations: [{ key: 'z' }],
    });
  });

  it('follows its directives', () => {
    const deleted = strategicMerge(spec, { containers: [{ name: 'a', $patch: 'delete' }] }, type);
    expect(deleted.containers).toEqual([spec.containers[1]]);
    const replaced = strategicMerge(spec, { containers: [{ $patch: 'replace' }, { name: 'c' }] }, type);
    expect(replaced.containers).toEqual([{ name: 'c' }]);
    const ordered = strategicMerge(spec, { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] }, type);
    expect(ordered.containers.map((each: { name: string }) => each.name)).toEqual(['b', 'a']);
    const retained = strategicMerge({ type: 'X', rollingUpdate: {} }, { $retainKeys: ['type'], type: 'Y' }, undefined);
    expect(retained).toEqual({ type: 'Y' });
  });
});

describe('protobuf', () => {
  const field = (number: number, content: Buffer | string) => {
    const bytes = Buffer.from(content);
    return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
  };
  const envelope = (apiVersion: string, kind: string, raw: Buffer) => {
    const meta = Buffer.concat([field(1, apiVersion), field(2, kind)]);
    return Buffer.concat([Buffer.from('k8s\0'), field(1, meta), field(2, raw)]);
  };

  it('reads what kubectl auth can-i sends', () => {
    const attributes = Buffer.concat([field(1, 'default'), field(2, 'get'), field(3, ''), field(5, 'pods')]);
    const raw = Buffer.concat([field(1, ''), field(2, field(1, attributes))]);
    expect(decodeProtobuf(envelope('authorization.k8s.io/v1', 'SelfSubjectAccessReview', raw))).toEqual({
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: { namespace: 'default', verb: 'get', resource: 'pods' } },
    });
  });

  it('reads a map of lists', () => {
    const scopes = Buffer.concat([field(1, 'scopes'), field(2, Buffer.concat([field(1, 'read'), field(1, 'write')]))]);
    const spec = Buffer.concat([field(3, 'alice'), field(5, scopes)]);
    expect(decodeProtobuf(envelope('authorization.k8s.io/v1', 'SubjectAccessReview', field(2, spec))).spec).toEqual({
      user: 'alice',
      extra: { scopes: ['read', 'write'] },
    });
  });

  it('refuses what it does not know', () => {
    expect(() => decodeProtobuf(Buffer.from('{}'))).toThrow('not in the Kubernetes protobuf envelope');
    const definition = envelope('apiextensions.k8s.io/v1', 'CustomResourceDefinition', Buffer.alloc(0));
    expect(() => decodeProtobuf(definition)).toThrow('Kind=CustomResourceDefinition is not supported');
  });
});
