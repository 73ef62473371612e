import { describe, expect, it } from 'vitest';
import { kubeFailure } from '../../../src/clients/kubernetes/failures.ts';
import { explain } from '../../../src/diagnosis/explain.ts';
import { Failure } from '../../../src/lib/failure.ts';
import { resizeFailure } from '../../../src/stages/lease/resize-failure.ts';
import { someEvidence } from './evidence.ts';
import { FIXTURES } from './fixtures.ts';

const PLACE = { project: 'p', location: 'us-east5-a', cluster: 'c' };

function factsOf(failure: Failure): string[] {
  const found = explain(someEvidence({ failure }));
  return (found?.facts ?? []).map(({ name, value }) => `${name}: ${value}`);
}

const resize = (text: string) => factsOf(resizeFailure(text, 3, 0, 'v6e', PLACE));
const kube = (status: number, message: string) =>
  factsOf(
    kubeFailure(
      'Pod x in ns',
      { status, body: JSON.stringify({ kind: 'Status', message }), retryAfterMs: 0 },
      'preflight',
    ),
  );
const gke = (code: string, message: string, facts: Record<string, string> = {}) =>
  factsOf(new Failure({ stage: 'preflight', code, message, evidence: { text: message, facts } }));

describe('the box holds the quota with its numbers', () => {
  it.each([
    [
      `Insufficient regional quota to satisfy request: resource "TPUS": request requires '12.0' and is short '4.0'. project has a quota of '16.0' with '8.0' available.`,
      'Quota: TPUS: limit 16, in use 8, asked for 12, short of 4',
    ],
    [
      `[GCE_QUOTA_EXCEEDED]: Instance 'gke-1' creation failed: Quota 'TPUS_PER_TPU_FAMILY' exceeded.  Limit: 8.0 in region us-east5.`,
      'Quota: TPUS_PER_TPU_FAMILY in us-east5: limit 8, asked for 3 nodes',
    ],
    [
      `Quota 'TPUS_PER_TPU_FAMILY' exceeded. Limit: 16.0. metric name = compute.googleapis.com/tpus_per_tpu_family; limit name = TPUS-PER-TPU-FAMILY-per-project-region; limit = 16.0; dimensions = tpu_family: CT6E, region: us-east5.`,
      'Quota: compute.googleapis.com/tpus_per_tpu_family in us-east5: limit 16, asked for 3 nodes',
    ],
  ])('%s', (text, fact) => {
    expect(resize(text)).toEqual([fact]);
  });

  it('of the metadata of an ErrorInfo', () => {
    const facts = {
      quota_metric: 'container.googleapis.com/default',
      quota_limit_value: '3000',
      quota_location: 'global',
    };
    expect(gke('gcp-rate-limit', 'Quota exceeded.', facts)).toEqual([
      'Quota: container.googleapis.com/default in global: limit 3000',
    ]);
  });

  it('of a namespace, for each resource', () => {
    const text =
      'pods "x" is forbidden: exceeded quota: compute, requested: limits.cpu=2,requests.google.com/tpu=12, used: limits.cpu=1,requests.google.com/tpu=8, limited: limits.cpu=2,requests.google.com/tpu=16';
    expect(kube(403, text)).toEqual([
      'Quota: compute: limits.cpu limit 2, in use 1, asked for 2',
      'Quota: compute: requests.google.com/tpu limit 16, in use 8, asked for 12',
    ]);
  });
});

describe('the box holds the permission that is missing', () => {
  it.each([
    ['Required "container.clusters.get" permission(s) for "projects/p".', 'Missing: container.clusters.get'],
    [`Permission 'container.clusters.update' denied on resource`, 'Missing: container.clusters.update'],
  ])('%s', (text, fact) => {
    expect(gke('gke-permission', text)).toEqual([fact]);
  });

  it('of the metadata of an ErrorInfo, and of RBAC', () => {
    expect(
      gke('gke-permission', 'The caller does not have permission', { permission: 'container.operations.list' }),
    ).toEqual(['Missing: container.operations.list']);
    const text = `pods is forbidden: User "a@b" cannot list resource "pods" in API group "" in the namespace "ns"`;
    expect(kube(403, text)).toEqual(['Missing: list pods in ns']);
  });
});

it('the box holds the API, the constraint and the field', () => {
  const disabled = 'Kubernetes Engine API has not been used in project 1 before or it is disabled.';
  expect(gke('gcp-api-disabled', disabled, { service: 'container.googleapis.com' })).toEqual([
    'API: container.googleapis.com',
  ]);
  expect(resize('Constraint constraints/compute.vmExternalIpAccess violated for project p.')).toEqual([
    'Constraint: constraints/compute.vmExternalIpAccess',
  ]);
  expect(kube(400, 'strict decoding error: unknown field "spec.replicaz"')).toEqual(['Field: .spec.replicaz']);
});

describe('an object of the manifests', () => {
  const own = (kind: string, name: string, namespace = 'opendatahub') => [
    { kind, name, namespace, file: 'deploy/mesh.yaml', line: 4 },
  ];

  it('belongs to the author, with its place and without a command on the cluster', () => {
    for (const cause of ['routing.envoyfilter', 'routing.buffered'] as const) {
      const { hit } = FIXTURES[cause]!;
      const [filter] = hit.cluster?.filters.filter(({ erasesPicker, buffers }) => erasesPicker || buffers) ?? [];
      const before = explain(hit);
      expect(before).toMatchObject({ blame: 'cluster', remedy: expect.stringContaining('kubectl -n') });
      const found = explain({ ...hit, own: own('EnvoyFilter', filter!.name, filter!.namespace) });
      expect(found).toMatchObject({ cause, blame: 'change', locations: [{ file: 'deploy/mesh.yaml', line: 4 }] });
      expect(found?.remedy).toMatch(/^Take EnvoyFilter \S+ out of the manifests/);
      expect(found?.remedy).not.toContain('kubectl');
    }
  });

  it('that blocks is the author’s; a policy that was there before is the owner’s of the cluster', () => {
    const { hit } = FIXTURES['policy.gateway-to-picker']!;
    const [name = ''] = hit.cluster?.blocked[0]?.policies ?? [];
    expect(explain(hit)?.blame).toBe('cluster');
    const found = explain({ ...hit, own: own('NetworkPolicy', name) });
    expect(found).toMatchObject({ blame: 'change', locations: [{ file: 'deploy/mesh.yaml', line: 4 }] });
  });

  it('that refuses requests is the author’s', () => {
    const { hit } = FIXTURES['mesh.authorization']!;
    expect(explain(hit)?.blame).toBe('cluster');
    expect(explain({ ...hit, own: own('AuthorizationPolicy', 'only-me') })).toMatchObject({
      blame: 'change',
      remedy: expect.stringContaining('AuthorizationPolicy only-me of the manifests'),
    });
  });
});
