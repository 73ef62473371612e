import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../../src/clients/files/manifests.ts';
import { besideStack, contentHash, sharedPaths } from '../../../src/stack/beside.ts';
import { objectsOf, pattern } from '../manifests/files.ts';

const NS = 'llm-d-inference-scheduling';
const manifests = (objects: Record<string, unknown>[]): Manifest[] =>
  objects.map((object) => ({
    object: { ...object, metadata: { namespace: NS, ...(object.metadata as object) } } as never,
    file: 'stack.yaml',
    line: 1,
  }));
const PATTERN = manifests(pattern('pattern3'));
const beside = (objects = PATTERN, others = PATTERN, replicas: number | null = 1) =>
  besideStack(objects, { others, namespace: NS, replicas });
const named = (stack: { manifests: Manifest[] }, kind: string) =>
  stack.manifests.filter(({ object }) => object.kind === kind).map(({ object }) => object as never as { spec: never });

describe('a stack beside another of the same names', () => {
  it('has names of its own for all of its objects', () => {
    const { name, manifests: own } = beside();
    expect(name).toBe('qwen2-3b-pattern3-base');
    const names = new Set(PATTERN.map(({ object: { kind, metadata } }) => `${kind}/${metadata.name}`));
    expect(own).toHaveLength(PATTERN.length);
    expect(own.filter(({ object: { kind, metadata } }) => names.has(`${kind}/${metadata.name}`))).toEqual([]);
  });

  it('selects its own pods: nothing but the model names the other service', () => {
    const { manifests: own } = beside();
    const text = JSON.stringify(own.map(({ object }) => object));
    expect(text.match(/qwen2-3b-pattern3(?!-base)/g)).toBe(null);
    expect(text).toContain('"app.kubernetes.io/name":"qwen2-3b-pattern3-base"');
    expect(text).toContain('Qwen/Qwen2.5-3B-Instruct');
  });

  it('has one replica, or as many as it had', () => {
    expect(named(beside(), 'LLMInferenceService')[0]?.spec).toMatchObject({ replicas: 1 });
    expect(named(beside(PATTERN, PATTERN, null), 'LLMInferenceService')[0]?.spec).toMatchObject({ replicas: 3 });
  });

  it('is reached by TLS through rules for its own Services', () => {
    const rules = manifests(objectsOf('components/upstream-kserve/destinationrules-pattern3.yaml'));
    const stack = beside([...PATTERN, ...rules], [...PATTERN, ...rules]);
    expect(named(stack, 'DestinationRule').map(({ spec }) => (spec as { host: string }).host)).toEqual([
      'qwen2-3b-pattern3-base-epp-service',
      // sha256 of qwen2-3b-pattern3-base-inference-pool.
      expect.stringMatching(/^qwen2-3b-pattern3-base-inference-pool-ip-[0-9a-f]{8}$/),
      'qwen2-3b-pattern3-base-kserve-workload-svc',
    ]);
  });

  const service = (spec: object) => ({
    apiVersion: 'serving.kserve.io/v1alpha1',
    kind: 'LLMInferenceService',
    metadata: { name: 'qwen' },
    spec: { replicas: 3, ...spec },
  });

  it('refers to its own objects, paths and pools, and leaves words of vLLM alone', () => {
    const objects = manifests([
      service({
        model: { uri: 'hf://qwen/qwen', name: 'qwen' },
        router: { route: { http: { refs: [{ name: 'way' }] } }, scheduler: {} },
        baseRefs: [{ name: 'preset' }],
        template: {
          containers: [
            {
              name: 'main',
              args: ['--served-model-name=qwen', '--root-path', `/${NS}/qwen`, '--pool=qwen-inference-pool'],
              env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'flags', key: 'qwen' } } }],
            },
          ],
        },
      }),
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'flags' }, data: { a: 'of qwen' } },
      {
        apiVersion: 'gateway.networking.k8s.io/v1',
        kind: 'HTTPRoute',
        metadata: { name: 'way' },
        spec: {
          rules: [
            {
              matches: [{ path: { type: 'PathPrefix', value: `/${NS}/qwen/v1` } }],
              backendRefs: [{ kind: 'InferencePool', name: 'qwen-inference-pool' }],
            },
          ],
        },
      },
    ]);
    const text = JSON.stringify(beside(objects, objects).manifests.map(({ object }) => object));
    for (const own of [
      '"refs":[{"name":"way-base"}]',
      '"configMapKeyRef":{"name":"flags-base","key":"qwen"}',
      '"--served-model-name=qwen"',
      `"/${NS}/qwen-base"`,
      '"--pool=qwen-base-inference-pool"',
      `"value":"/${NS}/qwen-base/v1"`,
      '"name":"qwen-base-inference-pool"',
      '"uri":"hf://qwen/qwen","name":"qwen"',
      // Not among the objects: somebody else brings it.
      '"baseRefs":[{"name":"preset"}]',
    ]) {
      expect(text).toContain(own);
    }
  });

  it('shares what both have alike and what names no service', () => {
    const shared = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'template' }, data: { a: '1' } };
    const uses = service({ template: { volumes: [{ configMap: { name: 'template' } }] } });
    const objects = manifests([uses, shared]);
    const both = beside(objects, objects);
    expect(both.manifests.map(({ object }) => object.kind)).toEqual(['LLMInferenceService']);
    expect(JSON.stringify(both.manifests[0]?.object)).toContain('"configMap":{"name":"template"}');
    const changed = manifests([uses, { ...shared, data: { a: '2' } }]);
    const apart = beside(objects, changed);
    expect(JSON.stringify(apart.manifests[0]?.object)).toContain('"configMap":{"name":"template-base"}');
  });

  it('has a free name that fits into a label', () => {
    const long = { ...service({}), metadata: { name: `a${'b'.repeat(61)}` } };
    expect(beside(manifests([long]), manifests([long])).name).toMatch(/^ab+-[0-9a-f]{8}-base$/);
    expect(beside(manifests([long]), manifests([long])).name.length).toBeLessThanOrEqual(63);
    const taken = manifests([service({}), { ...service({}), metadata: { name: 'qwen-base' } }]);
    expect(beside(manifests([service({})]), taken).name).toBe('qwen-base-2');
  });

  it('cannot be told apart by paths that both routes match', () => {
    const route = service({
      router: { route: { http: { spec: { rules: [{ matches: [{ path: { value: '/v1' } }] }] } } } },
    });
    const objects = manifests([route]);
    expect(sharedPaths(objects, beside(objects, objects).manifests)).toEqual(['/v1']);
    expect(sharedPaths(PATTERN, beside().manifests)).toEqual([]);
  });
});

describe('the content of a stack', () => {
  it('is the same in any order of objects and fields, and another with any other value', () => {
    const turned = PATTERN.toReversed().map((manifest) => ({
      ...manifest,
      object: Object.fromEntries(Object.entries(manifest.object).reverse()) as never,
    }));
    expect(contentHash(turned)).toBe(contentHash(PATTERN));
    expect(contentHash(PATTERN)).not.toBe(contentHash(beside().manifests));
  });
});
