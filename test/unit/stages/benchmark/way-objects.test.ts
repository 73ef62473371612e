import { describe, expect, it } from 'vitest';
import { armObjects, wayManifests } from '../../../../src/stages/benchmark/way-objects.ts';
import { prepared } from '../fakes.ts';

const SERVICE = { service: { apiVersion: 'v1', name: 'qwen', namespace: 'ns', replicas: 3 } };
const stackOf = (apiVersion: string) =>
  ({
    scheme: 'https',
    port: 8000,
    route: {
      endpoint: 'http://203.0.113.7/ns/qwen',
      hostname: null,
      gateway: { namespace: 'gw', name: 'inference' },
      pool: { apiVersion, namespace: 'ns', name: 'qwen-pool', picker: 'qwen-epp' },
    },
  }) as never;
const PICKER = { name: 'qwen-epp-service', port: { number: 9002 } };

describe('the way to one replica', () => {
  it.each([
    ['inference.networking.k8s.io/v1', { matchLabels: { 'tpu-serving-gate/one-replica': 'run-1' } }],
    ['inference.networking.x-k8s.io/v1alpha2', { 'tpu-serving-gate/one-replica': 'run-1' }],
  ])('is a pool of one pod with the picker of the service, in %s', (apiVersion, selector) => {
    const poolSpec = { selector: { of: 'all' }, targetPorts: [{ number: 8000 }], endpointPickerRef: PICKER };
    const [pool, tls, route] = wayManifests({ runKey: 'run' }, prepared(SERVICE), stackOf(apiVersion), {
      replica: 1,
      poolSpec,
    });
    expect(pool).toMatchObject({ apiVersion, kind: 'InferencePool', spec: { ...poolSpec, selector } });
    expect(pool?.spec).toEqual({ ...poolSpec, selector });
    // Istio's own Service of the pool, by the digest of the pool's name.
    expect(tls?.spec).toMatchObject({ host: expect.stringMatching(/^tpu-gate-one-run-1-ip-[0-9a-f]{8}\.ns\.svc/) });
    expect(route?.spec).toMatchObject({
      rules: [
        {
          // The path of the service, with the header that both arms send.
          matches: [
            {
              path: { type: 'PathPrefix', value: '/ns/qwen/v1/completions' },
              headers: [{ type: 'Exact', name: 'x-tpu-serving-gate-way', value: 'run-1' }],
            },
          ],
          backendRefs: [{ group: apiVersion.split('/')[0], kind: 'InferencePool', name: 'tpu-gate-one-run-1' }],
        },
      ],
    });
  });

  it('is a Service where no pool is taken', () => {
    const stack = stackOf('inference.networking.k8s.io/v1');
    const [service, , route] = wayManifests({ runKey: 'run' }, prepared(SERVICE), stack, {
      replica: 0,
      poolSpec: null,
    });
    expect(service).toMatchObject({
      kind: 'Service',
      spec: { selector: { 'tpu-serving-gate/one-replica': 'run-0' }, ports: [{ port: 8000 }] },
    });
    expect(route?.spec).toMatchObject({ rules: [{ backendRefs: [{ kind: 'Service', port: 8000 }] }] });
  });

  it('has objects of its own for each replica, all of which a later process knows', () => {
    const refs = armObjects(prepared(SERVICE), 'run').map(({ kind, name }) => `${kind}/${name}`);
    for (const replica of [0, 1, 2]) {
      for (const kind of ['HTTPRoute', 'DestinationRule', 'InferencePool', 'Service']) {
        expect(refs).toContain(`${kind}/tpu-gate-one-run-${replica}`);
      }
    }
  });
});
