import { Agent, request } from 'undici';
import { LAB, type Lab } from '../../../lab/lab.ts';
import { issueToken } from '../../../lab/tokens.ts';
import type { KubeObject } from '../../../src/clients/kubernetes/objects.ts';
import type { Disturbance } from './plan.ts';

const LEASES = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
const POOL_LEASE = `${LEASES}/tpu-serving-gate-${LAB.nodePool}`;
const IN_NAMESPACE = `namespaces/${LAB.namespace}`;

/** Objects of others, each with the collection that holds it. */
const FOREIGN: readonly { collection: string; object: KubeObject }[] = [
  {
    collection: `/apis/networking.k8s.io/v1/${IN_NAMESPACE}/networkpolicies`,
    object: object('networking.k8s.io/v1', 'NetworkPolicy', 'of-the-administrator', {
      spec: { podSelector: {}, policyTypes: ['Egress'], egress: [{}] },
    }),
  },
  {
    collection: `/api/v1/${IN_NAMESPACE}/configmaps`,
    object: object('v1', 'ConfigMap', 'of-another-team', { data: { key: 'value' } }),
  },
  {
    // It has the gate's mark, which makes nothing the gate's.
    collection: `/api/v1/${IN_NAMESPACE}/configmaps`,
    object: object('v1', 'ConfigMap', 'marked-by-somebody', { data: {} }, 'gate-18300000001-1'),
  },
  {
    collection: `/apis/serving.kserve.io/v1alpha1/${IN_NAMESPACE}/llminferenceservices`,
    object: object('serving.kserve.io/v1alpha1', 'LLMInferenceService', 'of-another-pool', {
      spec: { model: { uri: 'hf://Qwen/Qwen2.5-0.5B', name: 'other' }, replicas: 0 },
    }),
  },
  { collection: LEASES, object: otherLease() },
];

function object(apiVersion: string, kind: string, name: string, rest: object, run?: string): KubeObject {
  const labels = run ? { 'app.kubernetes.io/managed-by': 'tpu-serving-gate' } : { team: 'others' };
  const annotations = run ? { 'tpu-serving-gate/run': run } : { note: 'leave it' };
  return {
    apiVersion,
    kind,
    metadata: { name, namespace: LAB.namespace, labels, annotations },
    ...rest,
  } as unknown as KubeObject;
}

/** The lease of a stack that stays, of another pool of this cluster. */
function otherLease(): KubeObject {
  const at = new Date().toISOString();
  const state = {
    v: 1,
    projectId: LAB.project,
    location: LAB.location,
    cluster: LAB.cluster,
    nodePool: 'other-pool',
    namespace: LAB.namespace,
    runKey: '18300000001-1-other',
    startedAt: at,
    sizeBefore: 0,
    sizeAsked: 3,
    restingNodes: 0,
    workload: [{ apiVersion: 'serving.kserve.io/v1alpha1', kind: 'LLMInferenceService', name: 'of-another-pool' }],
    kept: { until: null },
  };
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name: 'tpu-serving-gate-other-pool',
      namespace: 'default',
      labels: { 'app.kubernetes.io/managed-by': 'tpu-serving-gate' },
      annotations: { 'tpu-serving-gate/run': state.runKey, 'tpu-serving-gate/lease': JSON.stringify(state) },
    },
    spec: {
      holderIdentity: 'https://github.com/octo/serving/actions/runs/18300000001/attempts/1',
      leaseDurationSeconds: 315_360_000,
      acquireTime: at.replace('Z', '000Z'),
      renewTime: at.replace('Z', '000Z'),
      leaseTransitions: 0,
    },
  } as unknown as KubeObject;
}

/** The cluster as its administrator reaches it, past every fault. */
export interface AdminCluster {
  plantForeign(): Promise<void>;
  /** What of the objects of others is not as it was planted, a sentence each. */
  foreignChanges(): Promise<string[]>;
  overwriteLease(how: Extract<Disturbance, { kind: 'lease' }>['how']): Promise<void>;
  removeLease(): Promise<void>;
  close(): Promise<void>;
}

export function adminCluster(lab: Lab): AdminCluster {
  const agent = new Agent({ connect: { ca: lab.kube.caPem } });
  const planted = new Map<string, string>();
  const ask = async (method: string, path: string, body?: unknown, type = 'application/json') => {
    const token = issueToken(lab.tokenSecret, { subject: 'admin@example.com', expiresAt: Date.now() + 60_000 });
    const response = await request(`https://${lab.kube.endpoint}${path}`, {
      method: method as 'GET',
      dispatcher: agent,
      headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': type }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.body.text();
    return { status: response.statusCode, text, object: () => JSON.parse(text) as KubeObject };
  };
  const patch = (change: unknown) => ask('PATCH', POOL_LEASE, change, 'application/merge-patch+json');
  return {
    async plantForeign() {
      for (const { collection, object: one } of FOREIGN) {
        const { status, text } = await ask('POST', collection, one);
        if (status !== 201) throw new Error(`${collection}: ${status} ${text}`);
        const path = `${collection}/${one.metadata.name}`;
        planted.set(path, content((await ask('GET', path)).object()));
      }
    },
    async foreignChanges() {
      const changes: string[] = [];
      for (const [path, was] of planted) {
        const now = await ask('GET', path);
        if (now.status !== 200) changes.push(`${path} is gone (${now.status})`);
        else if (content(now.object()) !== was) changes.push(`${path} was ${was} and is ${content(now.object())}`);
      }
      return changes;
    },
    async overwriteLease(how) {
      if (how === 'deleted') await ask('DELETE', POOL_LEASE);
      if (how === 'holder') await patch({ spec: { holderIdentity: 'somebody-else' } });
      if (how === 'state') await patch({ metadata: { annotations: { 'tpu-serving-gate/lease': '{"v":1}' } } });
      if (how === 'bare') await patch({ metadata: { annotations: null, labels: null }, spec: null });
    },
    async removeLease() {
      await ask('DELETE', POOL_LEASE);
    },
    close: () => agent.close(),
  };
}

/** What nobody but its owner changes: identity, marks and wishes, but no status and no version. */
function content({ metadata, ...rest }: KubeObject): string {
  const { name, namespace, uid, labels, annotations, finalizers, ownerReferences, deletionTimestamp } =
    metadata as unknown as Record<string, unknown>;
  const { status: _status, ...wanted } = rest as Record<string, unknown>;
  return JSON.stringify({
    name,
    namespace,
    uid,
    labels,
    annotations,
    finalizers,
    ownerReferences,
    deletionTimestamp,
    ...wanted,
  });
}
