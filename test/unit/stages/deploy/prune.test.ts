import { describe, expect, it } from 'vitest';
import type { KubeClient } from '../../../../src/clients/kubernetes/client.ts';
import type { Lease } from '../../../../src/clients/kubernetes/kinds.ts';
import type { KubeObject } from '../../../../src/clients/kubernetes/objects.ts';
import { Failure } from '../../../../src/lib/failure.ts';
import { MANAGED_BY, RUN_ANNOTATION, STACK_LABEL, stackOf } from '../../../../src/stages/deploy/marks.ts';
import { isPrunable, prune } from '../../../../src/stages/deploy/prune.ts';
import { leaseObject, readLease } from '../../../../src/stages/lease/lease-record.ts';
import { fakeKube, LEASE, prepared, stageContext, texts } from '../fakes.ts';

const LABELS = { ...MANAGED_BY, [STACK_LABEL]: 'qwen' };
const OURS = [{ manager: 'tpu-serving-gate', operation: 'Apply' }];

function policy(name: string, metadata: Partial<KubeObject['metadata']> = {}): KubeObject {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: {
      ...{ name, namespace: 'ns', uid: `uid-${name}`, labels: LABELS, managedFields: OURS },
      annotations: { [RUN_ANNOTATION]: '182-1' },
      ...metadata,
    },
  };
}

describe('what may be pruned', () => {
  it('carries both labels and was applied by the gate', () => {
    expect(isPrunable(policy('old'), LABELS)).toBe(true);
  });

  it.each<[string, KubeObject]>([
    ['lacks the label of the gate', policy('a', { labels: { [STACK_LABEL]: 'qwen' } })],
    ['is of another stack', policy('a', { labels: { ...LABELS, [STACK_LABEL]: 'qwen-two' } })],
    ['has no labels at all', policy('a', { labels: {} })],
    ['was made by another manager', policy('a', { managedFields: [{ manager: 'kubectl', operation: 'Apply' }] })],
    [
      'was only patched by the gate',
      policy('a', { managedFields: [{ manager: 'tpu-serving-gate', operation: 'Update' }] }),
    ],
    ['does not tell who made it', policy('a', { managedFields: [] })],
    ['belongs to a controller', policy('a', { ownerReferences: [{ kind: 'Deployment', name: 'd', uid: 'u' }] })],
    ['is being deleted already', policy('a', { deletionTimestamp: '2026-11-22T14:10:00Z' })],
    ['is of a kind that takes others with it', { ...policy('a'), kind: 'Namespace' }],
  ])('is nothing that %s', (_why, object) => {
    expect(isPrunable(object, LABELS)).toBe(false);
  });
});

describe('prune', () => {
  const there = () => [policy('kept'), policy('dropped'), policy('foreign', { managedFields: [] })];

  /** As a real server: an object that was removed is gone. */
  function cluster(objects: KubeObject[]) {
    const left = [...objects];
    return fakeKube(
      { NetworkPolicy: () => left },
      {
        remove: (what) => {
          const at = left.findIndex(({ kind, metadata }) => `${kind} ${metadata.name} in ns` === what);
          if (at >= 0) left.splice(at, 1);
          return at >= 0;
        },
      },
    );
  }

  it('removes what the manifests no longer have, says so, and leaves the rest', async () => {
    const { kube, removed } = cluster(there());
    const { context, said } = stageContext({ kube });
    const manifests = [{ object: policy('kept'), file: 'a.yaml', line: 1 }];
    expect(await prune(context, prepared({ manifests }), [])).toBe(1);
    expect(removed).toEqual(['NetworkPolicy dropped in ns']);
    expect(texts(said)).toEqual(['pruned NetworkPolicy dropped in ns, which the manifests no longer have']);
    expect(await prune(context, prepared({ manifests }), [])).toBe(0);
  });

  it('leaves what an administrator made, although an earlier version of the gate labelled it', async () => {
    const { kube, removed } = cluster([policy('theirs', { annotations: {} })]);
    expect(await prune(stageContext({ kube }).context, prepared(), [])).toBe(0);
    expect(removed).toEqual([]);
  });

  it('leaves what a living run of another pool made', async () => {
    const { kube, removed } = cluster([policy('theirs')]);
    const lease = readLease({
      ...leaseObject(
        'default',
        { identity: 'run 182', runKey: '182-1' },
        { ...LEASE, runKey: '182-1' },
        {
          nowMs: Date.now(),
          acquiredAtMs: Date.now(),
          transitions: 0,
        },
      ),
    } as Lease);
    expect(await prune(stageContext({ kube }).context, prepared(), [lease])).toBe(0);
    expect(removed).toEqual([]);
  });

  it('deletes the object that it has seen, not a namesake', async () => {
    const { kube } = cluster(there());
    const uids: (string | undefined)[] = [];
    const watching: KubeClient = {
      ...kube,
      remove: (ref, options) => {
        uids.push(options?.uid);
        return kube.remove(ref, options);
      },
    };
    await prune(stageContext({ kube: watching }).context, prepared(), []);
    expect(uids).toEqual(['uid-kept', 'uid-dropped']);
  });

  it('goes on where a kind may not be listed, and says which', async () => {
    const { kube, removed } = cluster([policy('dropped')]);
    const refusing: KubeClient = {
      ...kube,
      list: async (apiVersion, kind, options) => {
        if (kind !== 'Service') return kube.list(apiVersion, kind, options);
        throw new Failure({ stage: 'deploy', code: 'kube-permission', message: 'User "gate" cannot list services' });
      },
    };
    const { context, said } = stageContext({ kube: refusing });
    expect(await prune(context, prepared(), [])).toBe(1);
    expect(removed).toHaveLength(1);
    expect(texts(said)).toContain(
      'Service of an earlier commit cannot be looked for: User "gate" cannot list services',
    );
  });
});

describe('the label of a stack', () => {
  it('is the name of its service, or a name of 63 characters that tells long ones apart', () => {
    expect(stackOf('qwen')).toBe('qwen');
    const [one, two] = [stackOf(`${'a'.repeat(70)}-one`), stackOf(`${'a'.repeat(70)}-two`)];
    expect(one).toMatch(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])$/);
    expect(one).toHaveLength(63);
    expect(one).not.toBe(two);
  });
});
