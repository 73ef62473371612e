import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../../../src/clients/files/manifests.ts';
import { verdictBasis } from '../../../../src/stages/preflight/verdict-basis.ts';
import { provenBasis } from '../../../../src/stages/ready/image-digests.ts';
import { someInputs } from '../fakes.ts';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const DIGEST = `sha256:${'a'.repeat(64)}`;
const IMAGE = 'docker.io/vllm/vllm-tpu:v0.12.0';

function manifest(spec: object): Manifest {
  return {
    object: { apiVersion: 'serving.kserve.io/v1alpha1', kind: 'LLMInferenceService', metadata: { name: 'qwen' }, spec },
    file: 'service.yaml',
    line: 1,
  } as unknown as Manifest;
}

const SPEC = {
  model: { uri: `hf://Qwen/Qwen2.5-3B-Instruct:${COMMIT}` },
  template: { containers: [{ name: 'main', image: IMAGE, args: ['--model=/mnt/models'] }] },
};

interface Given {
  spec: object;
  inputs: Record<string, string>;
  digests: [string, string | null][] | null;
  pool: object;
  version: string;
  environment: object;
  prompts: string[] | null;
}

function basis(change: Partial<Given> = {}) {
  const given: Given = {
    ...{ spec: SPEC, inputs: {}, digests: [[IMAGE, DIGEST]], version: '1.34.1-gke.2', prompts: null },
    pool: { name: 'v6e', machineType: 'ct6e-standard-4t', tpuTopology: '2x2', spot: false },
    environment: { kserveVersion: 'kserve:v0.20.0', istioVersion: '1.28.1' },
    ...change,
  };
  return verdictBasis(
    { inputs: someInputs({ namespace: 'ns', ...given.inputs }), prompts: given.prompts },
    {
      manifests: [manifest(given.spec)],
      service: { namespace: 'ns' },
      cluster: { version: given.version },
      planned: { pool: given.pool } as never,
      environment: given.environment,
      digests: given.digests && new Map(given.digests),
    },
  );
}

describe('what a verdict rests on', () => {
  it('is one hash, the same each time', () => {
    expect(basis().hash).toMatch(/^[0-9a-f]{64}$/);
    expect(basis()).toEqual(basis());
  });

  it.each<[string, Partial<Given>]>([
    ['who runs it', { inputs: { 'pr-number': '9', 'comment-id': 'x', 'output-dir': 'elsewhere', timeout: '50m' } }],
    ['how many pairs are allowed', { inputs: { pairs: '12-12' } }],
    ['what it is compared with', { inputs: { 'base-manifests': 'base' } }],
  ])('is no matter of %s', (_, change) => {
    expect(basis(change).hash).toBe(basis().hash);
  });

  it.each<[string, Partial<Given>]>([
    ['the objects', { spec: { ...SPEC, replicas: 2 } }],
    ['the digest that a tag means', { digests: [[IMAGE, `sha256:${'b'.repeat(64)}`]] }],
    ['the target', { inputs: { 'target-speedup': '2.4-2.8' } }],
    ['the load', { inputs: { 'prompt-tokens': '320' } }],
    ['the prompts', { prompts: ['Hello'] }],
    ['the cluster', { inputs: { cluster: 'another' } }],
    ['the machines', { pool: { name: 'v6e', machineType: 'ct6e-standard-8t', tpuTopology: '2x4', spot: false } }],
    ['spot machines', { pool: { name: 'v6e', machineType: 'ct6e-standard-4t', tpuTopology: '2x2', spot: true } }],
    ['GKE', { version: '1.35.0-gke.1' }],
    ['KServe', { environment: { kserveVersion: 'kserve:v0.19.0', istioVersion: '1.28.1' } }],
    ['Istio', { environment: { kserveVersion: 'kserve:v0.20.0', istioVersion: '1.27.0' } }],
  ])('is another with %s', (_, change) => {
    expect(basis(change).hash).toMatch(/^[0-9a-f]{64}$/);
    expect(basis(change).hash).not.toBe(basis().hash);
  });

  it.each<[string, Partial<Given>, RegExp]>([
    [
      'a tag that nobody resolves',
      { digests: [[IMAGE, null]] },
      /digest of image docker\.io\/vllm\/vllm-tpu:v0\.12\.0/,
    ],
    ['images that were not looked at', { digests: null }, /digest of image the images is not known/],
    ['KServe that is not seen', { environment: { istioVersion: '1.28.1' } }, /version of KServe/],
    ['Istio that is not seen', { environment: { kserveVersion: 'kserve:v0.20.0' } }, /version of Istio/],
    ['a model without a commit', { spec: { ...SPEC, model: { uri: 'hf://Qwen/Qwen2.5-3B' } } }, /name its commit/],
    ['a model by its branch', { spec: { ...SPEC, model: { uri: 'hf://Qwen/Qwen2.5-3B:main' } } }, /name its commit/],
    ['a bucket', { spec: { ...SPEC, model: { uri: 'gs://models/qwen' } } }, /may be another one today/],
    ['a volume', { spec: { ...SPEC, model: { uri: 'pvc://models/qwen' } } }, /may be another one today/],
    ['a preset', { spec: { ...SPEC, baseRefs: [{ name: 'preset' }] } }, /LLMInferenceServiceConfig of the cluster/],
    [
      'a ConfigMap',
      { spec: { ...SPEC, template: { volumes: [{ name: 'c', configMap: { name: 'chat-template' } }] } } },
      /a ConfigMap of the cluster \(spec\.template\.volumes\.0\.configMap\)/,
    ],
    [
      'a picker configuration by name',
      { spec: { router: { scheduler: { config: { ref: { name: 'c' } } } } } },
      /ConfigMap/,
    ],
    [
      'a model that vLLM downloads',
      { spec: { template: { containers: [{ args: ['vllm serve --model Qwen/Qwen2.5-3B'] }] } } },
      /downloads itself/,
    ],
    [
      'an image of the node',
      { spec: { template: { containers: [{ image: 'x', imagePullPolicy: 'Never' }] } } },
      /as the node has it/,
    ],
  ])('is not known with %s', (_, change, problem) => {
    expect(basis(change)).toMatchObject({ hash: null, problem: expect.stringMatching(problem) });
  });
});

describe('what the pods prove of it', () => {
  const pod = (imageID: string) =>
    ({
      metadata: { name: 'qwen-0' },
      spec: { containers: [{ name: 'main', image: IMAGE }] },
      status: { containerStatuses: [{ name: 'main', imageID }] },
    }) as never;

  it('is the digest that the registry had', () => {
    const known = basis();
    expect(provenBasis(known, [pod(`docker.io/vllm/vllm-tpu@${DIGEST}`)])).toEqual(known);
  });

  it.each([
    ['another digest', [pod(`docker.io/vllm/vllm-tpu@sha256:${'b'.repeat(64)}`)]],
    ['one pod of two with another', [pod(`docker.io/vllm/vllm-tpu@${DIGEST}`), pod('x')]],
    ['no digest', [pod(IMAGE)]],
    ['no pod', []],
  ])('is nothing with %s', (_, pods) => {
    expect(provenBasis(basis(), pods)).toMatchObject({ hash: null, problem: expect.stringContaining('do not prove') });
  });

  it('is not asked where the manifests have the digest', () => {
    const pinned = basis({ digests: [[`docker.io/vllm/vllm-tpu@${DIGEST}`, DIGEST]] });
    expect(provenBasis(pinned, [])).toEqual(pinned);
  });
});
