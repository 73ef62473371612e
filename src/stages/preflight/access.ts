import type { KubeClient } from '../../clients/kubernetes/client.ts';
import { Failure } from '../../lib/failure.ts';
import { grantCommand, type Role } from '../../lib/gate-files.ts';
import {
  type AccessNeed,
  CLUSTER_NEEDS,
  GATEWAY_NEEDS,
  holderNeeds,
  LEASE_NEEDS,
  LOAD_NEEDS,
  POOL_NEED,
  PRIORITY_NEEDS,
  reading,
  SERVING_NEEDS,
  TUNNEL_NEEDS,
} from './access-rules.ts';
import { notListed, type Single } from './listed-rights.ts';
import type { LoadPlan } from './load.ts';
import type { Look } from './table.ts';

interface Where {
  namespace: string;
  leaseNamespace: string;
  /** Null while it is not known. */
  gatewayNamespace: string | null;
  /** API groups of InferencePool that the cluster serves. */
  poolGroups: readonly string[];
  /** What the load needs beside the runner; null for nothing. */
  load?: LoadPlan | null;
  /** Whether the nodes come by demand; null where the pool is resized. */
  demand?: { queued: boolean } | null;
  /** Whether the identity may only read: then only what preflight reads is asked for. */
  readOnly?: boolean;
  proofs?: readonly Proof[];
}

/** A read that preflight makes in any case. Where it succeeds, the right to it needs no review. */
export interface Proof {
  verb: 'get' | 'list';
  group: string;
  /** Plural. */
  resource: string;
  /** Null for the whole cluster. */
  namespace: string | null;
  succeeds: () => Promise<boolean>;
}

/**
 * Whether the identity may do in the cluster all that a run does, by reads that succeed and by access reviews: the rules of
 * each namespace at once, and one question each for what these do not show (an authoriser such as GKE's IAM cannot list what
 * it allows). The failure names every missing rule, and the file that grants it. Of an identity that only reads, the other
 * rules are not checked.
 */
export async function checkAccess(kube: KubeClient, where: Where): Promise<Look> {
  const pools = where.poolGroups.map((group) => ({ ...POOL_NEED, group }));
  const missing = (namespace: string | null, needs: readonly AccessNeed[], file: Role) => {
    const proofs = (where.proofs ?? []).filter((proof) => proof.namespace === namespace);
    return where.readOnly
      ? missingIn(kube, { namespace, proofs }, needs.flatMap(reading), 'read-only/roles')
      : missingIn(kube, { namespace, proofs }, needs, file);
  };
  const parts = await Promise.all([
    missing(where.namespace, [...SERVING_NEEDS, ...pools], 'serving'),
    where.load?.cluster && !where.readOnly ? missing(where.namespace, LOAD_NEEDS, 'load') : null,
    where.load?.tunnel && !where.readOnly && where.gatewayNamespace !== null
      ? missing(where.gatewayNamespace, TUNNEL_NEEDS, 'load')
      : null,
    where.demand && !where.readOnly ? missing(where.namespace, holderNeeds(where.demand), 'capacity') : null,
    where.demand && !where.readOnly ? missing(null, PRIORITY_NEEDS, 'capacity') : null,
    missing(where.leaseNamespace, LEASE_NEEDS, 'lease'),
    where.gatewayNamespace === null ? null : missing(where.gatewayNamespace, GATEWAY_NEEDS, 'gateway'),
    missing(null, CLUSTER_NEEDS, 'nodes'),
  ]);
  const known = parts.filter((part) => part !== null);
  const lacking = known.filter((part) => part.missing.length > 0);
  if (lacking.length === 0) {
    const asked = known.reduce((sum, { asked: count }) => sum + count, 0);
    if (!where.readOnly && where.gatewayNamespace === null) {
      const seen = `all ${asked} rules that a run needs beside the gateway, which is not known`;
      return { outcome: 'not-checked', seen, remedy: 'Give the input "gateway" as namespace/name.' };
    }
    if (!where.readOnly) return { seen: `all ${asked} rules that a run needs` };
    return {
      outcome: 'not-checked',
      seen: `all ${asked} rules that reading needs; those of a run are another identity's ("read-only")`,
    };
  }
  const files = [...new Set(lacking.map(({ file }) => file))];
  const told = lacking.map((part) => `${part.missing.join(', ')} ${part.place}`);
  throw new Failure({
    stage: 'preflight',
    code: 'kube-permission',
    message: `The identity may not ${told.join('; ')}.`,
    evidence: { missing: told },
    hint: `Grant it, with the e-mail of the gate's service account for IDENTITY: ${grantCommand(files, where)}`,
  });
}

async function missingIn(
  kube: KubeClient,
  { namespace, proofs }: Pick<Proof, 'namespace'> & { proofs: readonly Proof[] },
  needs: readonly AccessNeed[],
  file: Role,
): Promise<{ place: string; file: Role; missing: string[]; asked: number }> {
  const wanted = needs.flatMap(({ verbs, ...rest }) => verbs.map((verb) => ({ verb, ...rest })));
  const unproven = await notProven(proofs, wanted);
  const open = namespace === null || unproven.length === 0 ? unproven : await notListed(kube, namespace, unproven);
  const answers = await Promise.all(
    open.map(async ({ verb, group, resource, name: of }) => {
      const [name = '', subresource] = resource.split('/');
      const attributes = {
        ...{ verb, group, resource: name },
        ...(subresource ? { subresource } : {}),
        ...(of ? { name: of } : {}),
      };
      const allowed = await kube.canI(namespace === null ? attributes : { ...attributes, namespace });
      return allowed ? null : `${verb} ${resource}${group ? `.${group}` : ''}`;
    }),
  );
  return {
    place: namespace === null ? 'in the cluster' : `in ${namespace}`,
    file,
    missing: answers.filter((each) => each !== null),
    asked: wanted.length,
  };
}

/** The needs that no read has met. */
async function notProven<T extends Single>(proofs: readonly Proof[], wanted: readonly T[]): Promise<T[]> {
  const met = await Promise.all(
    wanted.map(async ({ verb, group, resource }) => {
      const proof = proofs.find((each) => each.verb === verb && each.group === group && each.resource === resource);
      return (await proof?.succeeds()) ?? false;
    }),
  );
  return wanted.filter((_, index) => !met[index]);
}
