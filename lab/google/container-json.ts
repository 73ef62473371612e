import { createHash } from 'node:crypto';
import type { GcpConfig } from '../protocol.ts';
import type { Autoscaler } from '../scenarios/types.ts';
import type { NodePool } from './node-pool.ts';
import type { Operation } from './operations.ts';

/**
 * The Container API's resources as proto3 JSON: enums by name, zero values left out, and the deprecated fields that
 * gcloud still reads (`zone`, `currentNodeCount`, `statusMessage`). The lab's cluster is zonal.
 */
export const API = 'https://container.googleapis.com/v1';
const COMPUTE = 'https://www.googleapis.com/compute/v1';
export const VERSION = '1.33.5-gke.1162000';

export function clusterJson(config: GcpConfig, pool: NodePool, createTime: string): Record<string, unknown> {
  const { project, location, cluster } = config;
  const parent = `projects/${project}`;
  const nodePool = nodePoolJson(config, pool);
  return {
    name: cluster,
    id: createHash('sha256').update(`${project}/${location}/${cluster}`).digest('hex'),
    selfLink: `${API}/${parent}/zones/${location}/clusters/${cluster}`,
    location,
    zone: location,
    locations: [location],
    status: pool.status() === 'RECONCILING' ? 'RECONCILING' : 'RUNNING',
    createTime,
    endpoint: config.clusterEndpoint,
    masterAuth: { clusterCaCertificate: Buffer.from(config.clusterCaPem).toString('base64') },
    controlPlaneEndpointsConfig: {
      // A public name cannot lead to the lab: the DNS endpoint exists, as on every cluster, and admits nobody.
      dnsEndpointConfig: { endpoint: `gke-${config.projectNumber}.${regionOf(location)}.gke.goog` },
      ipEndpointsConfig: { enabled: true, enablePublicEndpoint: true, publicEndpoint: config.clusterEndpoint },
    },
    initialClusterVersion: VERSION,
    currentMasterVersion: VERSION,
    currentNodeVersion: VERSION,
    releaseChannel: { channel: 'REGULAR' },
    workloadIdentityConfig: { workloadPool: `${project}.svc.id.goog` },
    shieldedNodes: { enabled: true },
    loggingService: 'logging.googleapis.com/kubernetes',
    monitoringService: 'monitoring.googleapis.com/kubernetes',
    network: 'default',
    subnetwork: 'default',
    networkConfig: {
      network: `${parent}/global/networks/default`,
      subnetwork: `${parent}/regions/${regionOf(location)}/subnetworks/default`,
      datapathProvider: 'ADVANCED_DATAPATH',
    },
    ipAllocationPolicy: { useIpAliases: true, clusterIpv4CidrBlock: '10.4.0.0/14' },
    clusterIpv4Cidr: '10.4.0.0/14',
    servicesIpv4Cidr: '34.118.224.0/20',
    addonsConfig: { gcePersistentDiskCsiDriverConfig: { enabled: true } },
    labelFingerprint: 'a9dc16a7',
    nodePools: [nodePool],
    instanceGroupUrls: nodePool.instanceGroupUrls,
    ...nonZero({ currentNodeCount: pool.group.vms().length }),
  };
}

export function nodePoolJson(config: GcpConfig, pool: NodePool): Record<string, unknown> {
  const { project, location, cluster, nodePool } = config;
  const hosts = hostsOf(nodePool.tpuTopology, nodePool.chipsPerNode);
  return {
    name: nodePool.name,
    selfLink: `${API}/projects/${project}/zones/${location}/clusters/${cluster}/nodePools/${nodePool.name}`,
    status: pool.status(),
    version: VERSION,
    locations: [location],
    ...nonZero({ initialNodeCount: pool.initialNodeCount() }),
    config: {
      machineType: nodePool.machineType,
      ...(config.scenario.gcp.spot && { spot: true }),
      ...(config.scenario.gcp.autoscaler?.pool === 'flex-start' && { flexStart: true }),
      ...config.scenario.gcp.nodeConfig,
      diskType: 'pd-balanced',
      diskSizeGb: 100,
      imageType: 'COS_CONTAINERD',
      serviceAccount: 'default',
      oauthScopes: ['https://www.googleapis.com/auth/cloud-platform'],
      metadata: { 'disable-legacy-endpoints': 'true' },
      shieldedInstanceConfig: { enableIntegrityMonitoring: true },
      workloadMetadataConfig: { mode: 'GKE_METADATA' },
    },
    // GKE keeps the topology here for slices of several hosts only; one host's shape follows from its machine type.
    ...(hosts > 1 && { placementPolicy: { type: 'COMPACT', tpuTopology: nodePool.tpuTopology } }),
    autoscaling: nonZero({ ...pool.autoscaling(), ...limitsOf(config.scenario.gcp.autoscaler) }),
    ...(config.scenario.gcp.autoscaler?.pool === 'queued' && { queuedProvisioning: { enabled: true } }),
    management: { autoUpgrade: true, autoRepair: true },
    maxPodsConstraint: { maxPodsPerNode: '110' },
    podIpv4CidrSize: 24,
    upgradeSettings: { maxSurge: 1, strategy: 'SURGE' },
    networkConfig: { podIpv4CidrBlock: '10.4.0.0/14', podRange: 'pods' },
    instanceGroupUrls: [
      `${COMPUTE}/projects/${project}/zones/${location}/instanceGroupManagers/gke-${cluster}-${nodePool.name}-grp`,
    ],
    ...(pool.conditions().length > 0 && {
      conditions: pool.conditions(),
      statusMessage: pool.conditions()[0]?.message,
    }),
    ...config.scenario.gcp.pool,
  };
}

/** What the API says of an autoscaler; nothing of a pool without one. */
function limitsOf(plan: Autoscaler | null): Record<string, unknown> {
  if (!plan) return {};
  return { enabled: true, totalMinNodeCount: plan.min, totalMaxNodeCount: plan.max, locationPolicy: 'ANY' };
}

/** Operations link by project number, resources by project id, as GKE does. */
export function operationJson(config: GcpConfig, operation: Operation): Record<string, unknown> {
  const scope = `${API}/projects/${config.projectNumber}/zones/${config.location}`;
  return {
    name: operation.name,
    operationType: operation.type,
    status: operation.status,
    location: config.location,
    zone: config.location,
    selfLink: `${scope}/operations/${operation.name}`,
    targetLink: `${scope}/${operation.target}`,
    startTime: operation.startTime,
    ...(operation.endTime !== undefined && { endTime: operation.endTime }),
    ...(operation.error && {
      error: { code: operation.error.code, message: operation.error.message },
      statusMessage: operation.error.message,
      nodepoolConditions: [operation.error.condition],
    }),
  };
}

export function serverConfigJson(): Record<string, unknown> {
  const versions = { defaultVersion: VERSION, validVersions: [VERSION] };
  return {
    defaultClusterVersion: VERSION,
    validMasterVersions: [VERSION],
    validNodeVersions: [VERSION],
    defaultImageType: 'COS_CONTAINERD',
    validImageTypes: ['COS_CONTAINERD', 'UBUNTU_CONTAINERD'],
    channels: ['RAPID', 'REGULAR', 'STABLE'].map((channel) => ({ channel, ...versions })),
  };
}

/** Hosts of one slice: chips of the topology over chips of one machine. */
function hostsOf(topology: string, chipsPerNode: number): number {
  const chips = topology.split('x').reduce((product, side) => product * Number(side), 1);
  return chips / chipsPerNode;
}

function regionOf(location: string): string {
  return location.replace(/-[a-z]$/, '');
}

/** proto3 JSON leaves out fields at their zero value. */
function nonZero(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== 0 && value !== false && value !== ''),
  );
}
