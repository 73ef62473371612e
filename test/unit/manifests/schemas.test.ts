import { describe, expect, it } from 'vitest';
import { servedSchemas } from '../../fixtures/crds.ts';
import { type Json, objectsBelow, pattern } from './files.ts';
import { faults, resourceFaults } from './structural-schema.ts';

const ALL = ['pattern1', 'pattern3', 'components'].flatMap(objectsBelow);
const ofKind = (kind: string) => ALL.filter((object) => object.kind === kind);

/** A selector, a peer, a port: all that a NetworkPolicy may hold (networking.k8s.io/v1). */
const text = { type: 'string' };
const texts = { type: 'array', items: text };
const object = (properties: Json, required: string[] = []) => ({ type: 'object', properties, required });
const selector = object({
  matchLabels: { type: 'object', additionalProperties: text },
  matchExpressions: { type: 'array', items: object({ key: text, operator: text, values: texts }, ['key', 'operator']) },
});
const ports = {
  type: 'array',
  items: object({
    protocol: { type: 'string', enum: ['TCP', 'UDP', 'SCTP'] },
    port: { 'x-kubernetes-int-or-string': true },
    endPort: { type: 'integer' },
  }),
};
const peers = {
  type: 'array',
  items: object({
    podSelector: selector,
    namespaceSelector: selector,
    ipBlock: object({ cidr: text, except: texts }, ['cidr']),
  }),
};
const NETWORK_POLICY = object({
  spec: object(
    {
      podSelector: selector,
      policyTypes: { type: 'array', items: { type: 'string', enum: ['Ingress', 'Egress'] } },
      ingress: { type: 'array', items: object({ from: peers, ports }) },
      egress: { type: 'array', items: object({ to: peers, ports }) },
    },
    ['podSelector', 'policyTypes'],
  ),
});

describe('schemas of the CRDs', () => {
  it.each(['kserve-odh-v0.15', 'kserve-v0.17.1', 'kserve-v0.20.0'] as const)('%s takes both services', (version) => {
    const schemas = servedSchemas(version, 'LLMInferenceService');
    for (const name of ['pattern1', 'pattern3'] as const) {
      const service = pattern(name).find((each) => each.kind === 'LLMInferenceService');
      const served = service.apiVersion.replace('serving.kserve.io/', '');
      expect(Object.keys(schemas)).toContain(served);
      expect(resourceFaults(schemas[served], service)).toEqual([]);
    }
  });

  it.each(['EnvoyFilter', 'DestinationRule'])('Istio takes every %s', (kind) => {
    const schemas = servedSchemas('istio', kind);
    const shipped = ofKind(kind).filter((each) => each.spec);
    expect(shipped.length).toBeGreaterThan(0);
    for (const each of shipped) {
      const [, served = ''] = each.apiVersion.split('/');
      expect(Object.keys(schemas)).toContain(served);
      expect(resourceFaults(schemas[served], each)).toEqual([]);
    }
  });

  it('KServe ODH v0.15 would refuse scheduler.config, which is why the weights are in the args', () => {
    const { v1alpha1 } = servedSchemas('kserve-odh-v0.15', 'LLMInferenceService');
    const service = structuredClone(pattern('pattern3')[0]);
    service.spec.router.scheduler.config = { inline: {} };
    expect(resourceFaults(v1alpha1, service)).toEqual(['.spec.router.scheduler.config: unknown field']);
  });
});

it('every NetworkPolicy has the shape of networking.k8s.io/v1', () => {
  const shipped = ofKind('NetworkPolicy').filter((each) => each.spec);
  expect(shipped).toHaveLength(9);
  for (const policy of shipped) {
    expect(policy.apiVersion).toBe('networking.k8s.io/v1');
    expect(resourceFaults(NETWORK_POLICY, policy)).toEqual([]);
  }
});

describe('the schema check itself', () => {
  const schema = object(
    {
      size: { type: 'integer', minimum: 1 },
      port: { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, text] },
      free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    },
    ['size'],
  );

  it('takes what fits, also a number or a string, and anything where unknown fields are kept', () => {
    expect(faults(schema, { size: 1, port: 8000, free: { any: { thing: 1 } } })).toEqual([]);
    expect(faults(schema, { size: 2, port: 'https' })).toEqual([]);
  });

  it('names every fault with its path', () => {
    expect(faults(schema, { size: '1', port: true, sise: 2 })).toEqual([
      '.size: string where integer is expected',
      '.port: neither integer nor string',
      '.sise: unknown field',
    ]);
    expect(faults(schema, {})).toEqual(['.size: required']);
    expect(faults(schema, { size: 0, port: null })).toEqual(['.size: less than 1', '.port: null']);
    const one = { oneOf: [{ required: ['a'] }, { required: ['b'] }], ...object({ a: text, b: text }) };
    expect(faults(one, { a: 'x', b: 'y' })).toEqual([': fits not exactly one of oneOf']);
    expect(faults(one, { a: 'x' })).toEqual([]);
  });
});
