import type { Manifest } from '../../clients/files/manifests.ts';
import type { ClusterInfo } from '../../clients/google/gke.ts';
import { describe, type KubeObject, type ObjectRef, refOf } from '../../clients/kubernetes/objects.ts';
import { versionOf } from '../../diagnosis/facts.ts';
import type { Environment } from '../../report/model.ts';
import { plannedPods } from '../../stack/planned-pods.ts';
import type { GatewayRef } from '../../stack/refs.ts';
import { GATEWAY_API } from '../../stack/routes.ts';
import { commandLine, isService, mainOf, serviceObject, serviceOf } from '../../stack/service.ts';
import { poolNamed } from '../../tpu/pool-shape.ts';
import type { Prepared, StageContext } from '../context.ts';
import { poolNodes } from '../lease/nodes.ts';
import { checkAccess, type Proof } from './access.ts';
import { checkAutoscalers } from './autoscalers.ts';
import { type BaseFiles, checkBase, planBase } from './base.ts';
import { demandPool, plannedHolders } from './capacity.ts';
import { checkDisruption } from './disruption.ts';
import { dryRun } from './dry-run.ts';
import { checkExisting, goneBefore, refuserOfLiving } from './existing.ts';
import { checkFilters } from './filters.ts';
import { chooseGateway } from './gateway-choice.ts';
import { checkImages } from './images.ts';
import { checkKserve, readVersions } from './kserve.ts';
import { checkLimitRanges } from './limit-ranges.ts';
import { checkLoad } from './load.ts';
import { readNamespaceRules } from './namespace-rules.ts';
import { checkPolicies } from './network.ts';
import { checkNodes } from './nodes.ts';
import { checkPeerAuthentication } from './peer-authentication.ts';
import { checkPlugins } from './picker-config.ts';
import { checkPodSecurity } from './pod-security.ts';
import { checkClusterState, checkGooglePermissions } from './pool.ts';
import { checkPrerequisites } from './prerequisites.ts';
import { checkQuotas } from './quota.ts';
import { checkNamedRoutes } from './route-by-reference.ts';
import { checkSecrets } from './secrets.ts';
import { checkGateway, checkIstio, checkRoutes } from './serving.ts';
import { withBases } from './shape.ts';
import { type SharedReads, sharedReads } from './shared-reads.ts';
import type { Table } from './table.ts';
import { checkTls } from './tls-rules.ts';
import { trialOf } from './trial.ts';
import { verdictBasis } from './verdict-basis.ts';
import { withoutGoing } from './without-going.ts';

/**
 * Everything that the cluster can tell for free, side by side: cluster and pool, permissions, controllers, gateway, secrets,
 * policies, filters, the manifests against what is served (a server-side dry run with strict validation), price. Each line
 * fails alone; all of them are reported. Spends nothing and changes nothing.
 */
export async function preflight(
  context: StageContext,
  cluster: ClusterInfo,
  manifests: Manifest[],
  retire: KubeObject[],
  table: Table,
  /** The stack of the base branch; null where no comparison with it was asked for. */
  base: BaseFiles | null = null,
): Promise<Prepared> {
  const { inputs, gke, note, registry = null } = context;
  const kube = sharedReads(context.kube);
  const pool = poolNamed(cluster, inputs.nodePool);
  const { manifest, service, unread } = serviceOf(manifests, inputs);
  const retired = withNamespace(retire.map(refOf), inputs.namespace);
  const { gateway, why } = await chooseGateway(kube, { wanted: inputs.gateway, manifest, manifests, service });
  const [{ controllers, istiod }, gone] = await Promise.all([
    readVersions(kube),
    goneBefore({ ...context, kube }, pool),
  ]);
  const going = [...retired, ...gone];
  const later = withoutGoing(kube, going, service.namespace);
  note({
    type: 'planned',
    plan: { namespace: service.namespace, service: service.name, replicas: service.replicas },
  });
  const discovered: Partial<Environment> = {
    serviceApiVersion: service.apiVersion,
    vllmImage: imageOf(manifests),
    vllmArgs: commandLine(mainOf(manifest.object)) || null,
    istioVersion: versionOf(istiod.image)?.join('.') ?? null,
    kserveVersion: controllers.found.map(({ image }) => image.split('/').at(-1) ?? image).join(', ') || null,
  };
  note({ type: 'discovered', environment: discovered });
  const refuseLiving = refuserOfLiving(context, pool);
  const network = { cluster, service, manifests, unread, gateway, controllers };
  const passing = [service, ...going.filter((ref) => isService(ref) && ref.namespace === service.namespace)];
  const passingNames = [...new Set(passing.map(({ name }) => name))];

  const demand = demandPool(cluster, inputs);
  const pods = plannedPods(manifests, manifest, unread);
  const held = readNamespaceRules(later, { namespace: service.namespace, manifests });
  held.catch(() => {});

  const trial = trialOf(manifest.object);
  const load =
    inputs.loadFrom !== 'runner' && inputs.keep === null
      ? table.check('load', 'Where the load comes from', () => checkLoad({ ...context, kube }, gateway))
      : null;
  const groups = table.check('kserve', 'KServe', () => checkKserve(kube, controllers));
  const rules = table.check('tls', 'TLS to the pods', () => checkTls({ kube, later }, network));
  const [planned, digests] = await Promise.all([
    checkNodes({ ...context, kube }, cluster, { manifest, service, unread, retired }, table, async () => {
      if (!base) return null;
      const files = planBase(base, manifests, inputs);
      return files.state === 'planned'
        ? checkBase(context, files, { clients: { kube, later }, network, refuseLiving })
        : files;
    }),
    table.check('images', 'Images', () => checkImages(registry, manifests)),
    table.look('cluster', 'Cluster', () => checkClusterState(cluster)),
    table.look('google-permissions', 'Google Cloud permissions', () =>
      checkGooglePermissions(gke, inputs.readOnly, demand !== null),
    ),
    table.look('access', 'Kubernetes permissions', async () =>
      checkAccess(kube, {
        namespace: service.namespace,
        leaseNamespace: inputs.leaseNamespace,
        gatewayNamespace: gateway?.namespace ?? null,
        poolGroups: (await groups) ?? [],
        load: await load,
        demand: demand && { queued: demand.queuedProvisioning },
        readOnly: inputs.readOnly,
        proofs: proofsOf(kube, { gateway, pool }),
      }),
    ),
    table.look('prerequisites', 'What KServe needs', () => checkPrerequisites(kube, controllers, manifest.object)),
    table.look('picker-plugins', 'Plugins of the endpoint picker', async () =>
      withBases(checkPlugins(manifest, controllers), unread),
    ),
    table.look('gateway', 'Gateway', () => checkGateway(kube, gateway, why)),
    table.look('istio', 'Istio', async () => checkIstio(istiod, (await groups) ?? [])),
    table.look('routes', 'Other routes', () => checkRoutes(later, { gateway, service, istiod: istiod.image })),
    service.routes
      ? table.look('named-route', 'Route by reference', () => checkNamedRoutes(kube, { manifest, manifests, service }))
      : undefined,
    table.look('filters', 'EnvoyFilters', () => checkFilters(later, network)),
    table.look('policies', 'NetworkPolicies', () => checkPolicies(later, network)),
    table.look('mtls', 'mTLS of the mesh', () => checkPeerAuthentication(later, network)),
    table.look('autoscalers', 'Autoscalers', () =>
      checkAutoscalers(later, { service, manifests, measures: inputs.keep === null }),
    ),
    table.look('disruption', 'Drains', () => checkDisruption(later, { service, manifests })),
    table.look('secrets', 'Secrets', () => checkSecrets(kube, manifests, service.namespace)),
    load,
    table.look('namespace-quota', 'Quota of the namespace', async () => {
      const { quotas, ranges } = await held;
      const count = inputs.nodes ?? service.replicas;
      const all = demand ? [...pods, plannedHolders(demand, manifest, context, count)] : pods;
      return checkQuotas(kube, {
        ...{ namespace: service.namespace, quotas, ranges: ranges.all },
        ...{ pods: all, passing: passingNames },
      });
    }),
    table.look('limit-ranges', 'Limits of the namespace', async () =>
      checkLimitRanges(service.namespace, (await held).ranges, pods),
    ),
    table.look('pod-security', 'Pod Security', async () =>
      checkPodSecurity(service.namespace, (await held).labels, pods, cluster.version),
    ),
    table.look('existing', 'Existing service', () =>
      checkExisting(context, service, { retired, refuseLiving, isNew: trial.isNew }),
    ),
    table.look('dry-run', 'Server-side dry run', () =>
      trial.during(async (onNew) => dryRun(context, [...manifests, ...((await rules) ?? [])], refuseLiving, onNew)),
    ),
    table.look('kubernetes', 'Kubernetes API', async () => {
      // GKE's own word for what the API server reports of itself.
      const version = cluster.version ? `v${cluster.version}` : await kube.version();
      note({ type: 'discovered', environment: { kubernetesVersion: version } });
      return { seen: version };
    }),
  ]);
  table.settle();
  if (!planned) throw new Error('every check of preflight passed, and there is no plan');
  const applied = [...manifests, ...((await rules) ?? [])];
  const environment = { ...discovered, ...planned.environment };
  note({
    type: 'based-on',
    basis: verdictBasis(context, { manifests: applied, service, cluster, planned, environment, digests }),
  });
  const kept = new Set(applied.filter(({ object }) => !isService(object)).map(({ object }) => describe(refOf(object))));
  return {
    ...planned,
    service,
    manifests: applied,
    retire: retired.filter((ref) => !kept.has(describe(ref))),
    environment,
  };
}

function imageOf(manifests: Manifest[]): string | null {
  const service = serviceObject(manifests);
  return (service && mainOf(service)?.image) ?? null;
}

/** What other checks read in any case. */
function proofsOf(
  kube: SharedReads,
  { gateway, pool }: { gateway: GatewayRef | null; pool: string | null },
): readonly Proof[] {
  const reads: Proof[] = [];
  if (gateway) {
    reads.push({
      ...{ verb: 'get', group: 'gateway.networking.k8s.io', resource: 'gateways', namespace: gateway.namespace },
      succeeds: () => kube.gets({ apiVersion: GATEWAY_API, kind: 'Gateway', ...gateway }),
    });
  }
  if (pool !== null) {
    reads.push({
      ...{ verb: 'list', group: '', resource: 'nodes', namespace: null },
      succeeds: () =>
        poolNodes(kube, pool).then(
          () => true,
          () => false,
        ),
    });
  }
  return reads;
}

function withNamespace(refs: ObjectRef[], namespace: string): ObjectRef[] {
  return refs.map((ref) => ({ ...ref, namespace: ref.namespace ?? namespace }));
}
