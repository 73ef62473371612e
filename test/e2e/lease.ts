import { Agent, request } from 'undici';
import { LAB } from '../../lab/lab.ts';
import { issueToken } from '../../lab/tokens.ts';
import type { E2e } from './e2e.ts';

const LEASES = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
const NAME = `tpu-serving-gate-${LAB.nodePool}`;

export interface LeaseJson {
  metadata: { annotations: Record<string, string>; labels: Record<string, string> };
  spec: { leaseDurationSeconds: number; renewTime: string };
}

/** The pool's lease in the cluster, read or changed as an administrator. */
export function leaseOf(e2e: E2e) {
  return async (
    method: 'GET' | 'PATCH' | 'POST' | 'DELETE',
    given?: { metadata?: object } | unknown,
  ): Promise<{ status: number; json: LeaseJson }> => {
    const isNew = method === 'POST';
    const { metadata, ...rest } = (given ?? {}) as { metadata?: object };
    const named = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      ...rest,
      metadata: { ...metadata, name: NAME },
    };
    const body = isNew ? named : given;
    const token = issueToken(e2e.lab.tokenSecret, { subject: 'admin@example.com', expiresAt: Date.now() + 60_000 });
    const response = await request(`https://${e2e.lab.kube.endpoint}${isNew ? LEASES : `${LEASES}/${NAME}`}`, {
      method,
      dispatcher: new Agent({ connect: { ca: e2e.lab.kube.caPem } }),
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': isNew ? 'application/json' : 'application/merge-patch+json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.statusCode, json: JSON.parse(await response.body.text()) as LeaseJson };
  };
}
