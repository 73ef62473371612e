import type { ClusterInfo } from '../../clients/google/gke.ts';
import type { KubeClient } from '../../clients/kubernetes/client.ts';
import type { KubeObject } from '../../clients/kubernetes/objects.ts';
import { blockedFlows } from '../../diagnosis/flows.ts';
import { Failure } from '../../lib/failure.ts';
import { gateFile, showFile } from '../../lib/gate-files.ts';
import { portOf, readCommandLine } from '../../stack/command-line.ts';
import { membershipOf } from '../../stack/mesh.ts';
import { evidenceAt, mainOf, serviceObject } from '../../stack/service.ts';
import { GRANT } from './kserve.ts';
import type { Subject } from './subject.ts';
import type { Look } from './table.ts';

type Given = Omit<Subject, 'controllers'> & { cluster: Pick<ClusterInfo, 'enforcesPolicies'> };

/**
 * The NetworkPolicies as they will be after the deploy, evaluated offline against the labels that the pods will have:
 * which connection that the stack needs is stopped by which policy. `kube` lists none that is deleted before.
 */
export async function checkPolicies(kube: KubeClient, given: Given): Promise<Look> {
  const { cluster, service, manifests, gateway } = given;
  const { namespace } = service;
  const own = manifests.filter(({ object }) => object.kind === 'NetworkPolicy');
  const there = (await kube.list('networking.k8s.io/v1', 'NetworkPolicy', { namespace })) ?? [];
  const isOwn = ({ metadata }: Pick<KubeObject, 'metadata'>) =>
    own.some(({ object }) => object.metadata.name === metadata.name);
  const policies = [
    ...there.filter((policy) => !isOwn(policy)),
    ...own.map(({ object }) => object).filter(({ metadata }) => metadata.namespace === namespace),
  ];
  const membership = await membershipOf(kube, namespace);
  const object = serviceObject(manifests);
  const port = portOf(readCommandLine(object && mainOf(object)));
  const blocked = blockedFlows(policies, {
    service: service.name,
    namespace,
    gateway: gateway ?? { namespace: '', name: '' },
    port: port ?? 8_000,
    sidecar: membership === 'sidecar',
  }).filter(({ flow }) => gateway !== null || !flow.startsWith('gateway'));
  const counted = `${policies.length} policies in ${namespace}`;
  const [first] = blocked;
  if (!first) {
    const unsure = [
      gateway === null ? 'the gateway is not known yet' : null,
      membership === null ? 'whether pods get a sidecar is not known' : null,
      port === null ? 'the port of vLLM is not known' : null,
    ].filter((each) => each !== null);
    const seen = `${counted} let through what the stack needs`;
    if (unsure.length === 0) return { seen };
    return {
      outcome: 'not-checked',
      seen: `${seen}, as far as it is known: ${unsure.join(', ')}`,
      remedy: `Give the input "gateway"; ${GRANT}.`,
    };
  }
  const told = blocked.map(
    ({ flow, direction, policies: by }) => `${flow} (${direction}, isolated by ${by.join(', ')})`,
  );
  if (!cluster.enforcesPolicies) {
    return {
      outcome: 'warning',
      seen: `would be blocked, but nothing in this cluster enforces policies: ${told.join('; ')}`,
      remedy: 'Correct the policies before Dataplane V2 or Calico is turned on.',
    };
  }
  const manifest = own.find(({ object }) => first.policies.includes(object.metadata.name));
  throw new Failure({
    stage: 'preflight',
    code: 'policy-blocks',
    message: `NetworkPolicies would block ${told.join('; ')}.`,
    hint: `Allow it. Policies that do: ${[...new Set(blocked.map(({ flow }) => fileFor(flow)))].join(', ')}`,
    blame: manifest ? 'change' : 'cluster',
    ...(manifest ? { evidence: evidenceAt(manifest, ['metadata', 'name'], `blocks ${first.flow}`) } : {}),
  });
}

/** A policy that allows a connection. */
function fileFor(flow: string): string {
  return showFile(gateFile(`manifests/pattern3/networkpolicies/${nameFor(flow)}`));
}

function nameFor(flow: string): string {
  if (flow.includes('istiod')) return 'allow-istio.yaml';
  if (flow.startsWith('gateway to endpoint picker')) return 'allow-gateway-to-epp.yaml';
  if (flow.includes('DNS') || flow.includes('internet')) return 'allow-vllm-egress.yaml';
  return 'allow-gateway-to-vllm.yaml';
}
