import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  type AccessNeed,
  CLUSTER_NEEDS,
  GATEWAY_NEEDS,
  HOLDER_NEEDS,
  LEASE_NEEDS,
  LOAD_NEEDS,
  POOL_NEED,
  PRIORITY_NEEDS,
  REQUEST_NEED,
  reading,
  SERVING_NEEDS,
  TUNNEL_NEEDS,
} from '../../../src/stages/preflight/access-rules.ts';
import { filesBelow, type Json, objectsBelow, objectsOf, ROOT } from './files.ts';

/** Beside the kustomization, but never applied. */
const NOT_APPLIED: Record<string, string[]> = { pattern1: ['baseline.json', 'retire.yaml'], pattern3: ['retire.yaml'] };
const FOLDERS = [
  'pattern1',
  'pattern3',
  ...readdirSync(join(ROOT, 'manifests/components')).map((name) => `components/${name}`),
];

const identity = (object: Json) => `${object.kind} ${object.metadata.namespace ?? '-'}/${object.metadata.name}`;

describe('every file', () => {
  it.each(FOLDERS)('%s holds Kubernetes objects in valid YAML', (folder) => {
    for (const object of objectsBelow(folder)) {
      expect(object).toMatchObject({ apiVersion: expect.any(String), kind: expect.any(String) });
      expect(object.metadata.name).toMatch(/^[a-z0-9-]+$/);
    }
  });

  it.each(FOLDERS)('%s lists exactly the files that are there, and nothing else', (folder) => {
    const [kustomization] = objectsOf(`${folder}/kustomization.yaml`);
    const component = folder.startsWith('components/');
    const transforming = component ? ['components', 'patches', 'replacements'] : [];
    const plain = Object.keys(kustomization).filter((field) => !transforming.includes(field));
    expect(plain.sort()).toEqual(['apiVersion', 'kind', 'resources']);
    expect(kustomization.kind).toBe(component ? 'Component' : 'Kustomization');
    const apart = ['kustomization.yaml', ...(NOT_APPLIED[folder] ?? [])];
    expect([...kustomization.resources].sort()).toEqual(filesBelow(folder).filter((file) => !apart.includes(file)));
  });

  it('leaves the namespace of the workload to the caller', () => {
    const placed = FOLDERS.flatMap(objectsBelow).filter((object) => object.metadata.namespace !== undefined);
    expect(new Set(placed.map(identity))).toEqual(
      new Set([
        'Certificate opendatahub/inference-gateway-ca',
        'Certificate opendatahub/inference-gateway-tls',
        'EnvoyFilter opendatahub/inference-pool-ext-proc-pattern3',
        'EnvoyFilter opendatahub/inference-pool-route-body-forwarding',
        'EnvoyFilter opendatahub/inference-pool-route-body-forwarding-pattern1',
        'EnvoyFilter opendatahub/inference-pool-route-body-forwarding-pattern3',
        'Issuer opendatahub/inference-gateway-ca',
        'Issuer opendatahub/inference-gateway-selfsigned',
        'PodMonitoring opendatahub/inference-gateway',
        'Rules opendatahub/inference-gateway',
      ]),
    );
  });
});

const REQUIRED = ['lease', 'serving', 'gateway', 'nodes'];
const OPTIONAL = ['capacity', 'evidence', 'foreign-pods', 'gateway-counters', 'load', 'secrets'];

describe('the roles of the gate', () => {
  it('that see secrets see those that are named, and may only get them', () => {
    const rules = objectsOf('rbac/secrets.yaml').flatMap(({ rules: each = [] }) => each);
    expect(rules).toEqual([
      { apiGroups: [''], resources: ['secrets'], resourceNames: ['redhat-pull-secret', 'hf-token'], verbs: ['get'] },
    ]);
  });

  it('are those that preflight asks for', () => {
    const granted = (name: string) =>
      objectsOf(`rbac/${name}.yaml`)
        .filter(({ kind, metadata }) => /Role$/.test(kind) && metadata.name !== 'tpu-serving-gate-load')
        .flatMap(({ rules = [] }) =>
          rules.flatMap(({ apiGroups, resources, verbs }: Json) =>
            apiGroups.flatMap((group: string) =>
              resources.flatMap((resource: string) => verbs.map((verb: string) => `${verb} ${resource} ${group}`)),
            ),
          ),
        );
    const asked = (needs: readonly AccessNeed[]) =>
      needs.flatMap(({ group, resource, verbs }) => verbs.map((verb) => `${verb} ${resource} ${group}`));
    const pools = ['inference.networking.k8s.io', 'inference.networking.x-k8s.io'].map((group) => ({
      ...POOL_NEED,
      group,
    }));
    expect(asked([...SERVING_NEEDS, ...pools]).sort()).toEqual(granted('serving').sort());
    expect(asked(CLUSTER_NEEDS)).toEqual(granted('nodes'));
    // A NetworkPolicy is created by the role of the serving stack too.
    const load = [...asked([...LOAD_NEEDS, ...TUNNEL_NEEDS]), 'create networkpolicies networking.k8s.io'];
    expect(load.sort()).toEqual(granted('load').sort());
    expect(asked([...HOLDER_NEEDS, REQUEST_NEED, ...PRIORITY_NEEDS]).sort()).toEqual(granted('capacity').sort());
    // The sweeper lists leases; the EnvoyFilter of Pattern 1 is retired where it is.
    expect(granted('lease').filter((rule) => !asked(LEASE_NEEDS).includes(rule))).toEqual([
      'list leases coordination.k8s.io',
    ]);
    expect(granted('gateway').filter((rule) => !asked(GATEWAY_NEEDS).includes(rule))).toEqual([
      'delete envoyfilters networking.istio.io',
    ]);
  });

  it('are listed by their kustomization, but for the optional ones', () => {
    const [kustomization] = objectsOf('rbac/kustomization.yaml');
    const apart = ['kustomization.yaml', 'iam-role.yaml', ...OPTIONAL.map((name) => `${name}.yaml`)];
    expect([...kustomization.resources].sort()).toEqual(
      filesBelow('rbac').filter((file) => !apart.includes(file) && !file.startsWith('read-only/')),
    );
  });

  it('name one and the same identity', () => {
    const files = [...REQUIRED, ...OPTIONAL].flatMap((name) => objectsOf(`rbac/${name}.yaml`));
    const subjects = files.flatMap((object) => object.subjects ?? []).filter(({ kind }) => kind !== 'ServiceAccount');
    expect(subjects.length).toBe(16);
    expect(new Set(subjects.map(({ kind, name }: Json) => `${kind} ${name}`)).size).toBe(1);
  });

  it('grant no wildcard, no secret, no exec and no role', () => {
    const files = [...REQUIRED, ...OPTIONAL.filter((name) => name !== 'secrets')].flatMap((name) =>
      objectsOf(`rbac/${name}.yaml`),
    );
    const words = files.flatMap(({ rules = [] }) =>
      rules.flatMap(({ apiGroups, resources, verbs }: Json) => [...apiGroups, ...resources, ...verbs]),
    );
    for (const word of ['*', 'secrets', 'pods/exec', 'roles', 'rolebindings', 'bind', 'escalate', 'impersonate']) {
      expect(words).not.toContain(word);
    }
  });

  it('of a look on every push read what preflight reads, and nothing else', () => {
    const objects = objectsOf('rbac/read-only/roles.yaml');
    const rules = objects.flatMap(({ rules: each = [] }) => each) as Json[];
    const verbs = new Set(rules.flatMap((rule) => rule.verbs));
    expect([...verbs].sort()).toEqual(['get', 'list']);
    const granted = rules.flatMap(({ apiGroups, resources, verbs: each }) =>
      apiGroups.flatMap((group: string) =>
        resources.flatMap((resource: string) => each.map((verb: string) => `${verb} ${resource} ${group}`)),
      ),
    );
    const pools = ['inference.networking.k8s.io', 'inference.networking.x-k8s.io'].map((group) => ({
      ...POOL_NEED,
      group,
    }));
    const asked = [...SERVING_NEEDS, ...pools, ...LEASE_NEEDS, ...GATEWAY_NEEDS, ...CLUSTER_NEEDS]
      .flatMap(reading)
      .flatMap(({ group, resource, verbs: each }) => each.map((verb) => `${verb} ${resource} ${group}`));
    expect(granted.sort()).toEqual(asked.sort());
    expect(new Set(objects.flatMap(({ subjects = [] }) => subjects.map(({ name }: Json) => name))).size).toBe(1);
    const [role] = objectsOf('rbac/read-only/iam-role.yaml');
    expect(role.includedPermissions).toEqual([
      'container.clusters.get',
      'container.clusters.connect',
      'container.operations.list',
    ]);
  });

  it('are the permissions that docs/permissions.md lists', () => {
    const [role] = objectsOf('rbac/iam-role.yaml');
    const text = readFileSync(join(ROOT, 'docs/permissions.md'), 'utf8');
    const listed = [...text.matchAll(/`(container\.[a-zA-Z.]+)`/g)].map(([, name]) => name);
    expect([...new Set(listed)].sort()).toEqual([...role.includedPermissions].sort());
  });
});
