import type { Manifest } from '../clients/files/manifests.ts';
import type { GkeClient } from '../clients/google/gke.ts';
import type { KubeClient } from '../clients/kubernetes/client.ts';
import { collectEvidence } from '../diagnosis/collect.ts';
import type { ClusterEvidence, Evidence, OwnObject } from '../diagnosis/evidence.ts';
import { explain } from '../diagnosis/explain.ts';
import type { Inputs } from '../inputs/inputs.ts';
import type { Failure } from '../lib/failure.ts';
import type { Diagnosis, Report } from '../report/model.ts';
import type { ServiceRef } from '../stack/refs.ts';
import { counterLines, gatewaySnapshot } from '../stages/verify/gateway-counters.ts';

interface Asked {
  inputs: Inputs;
  report: Report;
  signal: AbortSignal;
}

type Cluster = { kube: KubeClient; gke: GkeClient } | null;

/** The time that a diagnosis may take from the nodes' bill. */
const DIAGNOSIS_LIMIT_MS = 20_000;

/** Asks the cluster what it knows of a run that did not pass, and explains it. Without an explanation `diagnosis` is null. */
export async function diagnose(
  base: Asked,
  { world, service, manifests }: { world: Cluster; service: ServiceRef | null; manifests: readonly Manifest[] },
  failure: Failure | null,
): Promise<{ diagnosis: Diagnosis | null; cluster: ClusterEvidence | null }> {
  const { report, inputs } = base;
  const asked = world !== null && !base.signal.aborted;
  const cluster = asked
    ? await collectEvidence({
        kube: world.kube,
        gke: world.gke,
        service,
        namespace: report.plan.namespace,
        nodePool: report.plan.nodePool,
        gateway: inputs.gateway,
        gatewayCounters: counterReader(base, world),
        limitMs: DIAGNOSIS_LIMIT_MS,
      })
    : null;
  const locate = locator(manifests);
  return {
    diagnosis: explain({ failure, report, cluster, lines: [], locate, own: manifests.map(ownObject) }),
    cluster,
  };
}

/** Reads what the gateway's proxies have counted, once the route has told which gateway it is. */
function counterReader({ report, signal }: Asked, { kube }: NonNullable<Cluster>): (() => Promise<string[]>) | null {
  const [namespace, name] = (report.plan.gateway ?? '').split('/');
  if (!namespace || !name) return null;
  return async () => counterLines(await gatewaySnapshot({ kube, signal }, { namespace, name }), report.plan.namespace);
}

function ownObject({ object: { kind, metadata }, file, lineOf, line }: Manifest): OwnObject {
  const { name, namespace = '' } = metadata;
  return { kind, name, namespace, file, line: lineOf?.(['metadata', 'name']) ?? line };
}

/** Where the manifests hold a text, or a field of the service. */
function locator(manifests: readonly Manifest[]): NonNullable<Evidence['locate']> {
  return ({ text, path }) => {
    for (const { file, object, lineOf, lineMatching } of manifests) {
      const line = text ? lineMatching?.(text) : path && object.kind === 'LLMInferenceService' ? lineOf?.(path) : null;
      if (line) return { file, line };
    }
    return null;
  };
}
