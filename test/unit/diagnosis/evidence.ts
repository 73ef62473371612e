import type {
  ClusterEvidence,
  ContainerEvidence,
  EventEvidence,
  Evidence,
  NodeEvidence,
  PodEvidence,
  PodRole,
  RouteEvidence,
} from '../../../src/diagnosis/evidence.ts';
import { Failure, type FailureStage } from '../../../src/lib/failure.ts';
import type { Report } from '../../../src/report/model.ts';
import { aReport } from '../report/fixtures.ts';

export const NAMESPACE = 'llm-d-inference-scheduling';

export function aFailure(code: string, evidence: Record<string, unknown> = {}, stage: FailureStage = 'ready'): Failure {
  return new Failure({ stage, code, message: `it failed: ${code}`, hint: 'Look.', blame: 'cluster', evidence });
}

export function aContainer(change: Partial<ContainerEvidence> = {}): ContainerEvidence {
  return {
    name: 'main',
    init: false,
    image: 'registry.redhat.io/rhaiis/vllm-tpu-rhel9:3.2.5',
    ready: true,
    restarts: 0,
    state: 'running',
    reason: '',
    message: '',
    exitCode: null,
    last: null,
    command: 'python3 -m vllm --ssl-certfile=/var/run/kserve/tls/tls.crt',
    probe: null,
    graceSeconds: null,
    log: [],
    ...change,
  };
}

/** A container that ended with these last words, and waits to be started again. */
export function crashed(line: string, change: Partial<ContainerEvidence> = {}): ContainerEvidence {
  return aContainer({
    ready: false,
    restarts: 3,
    state: 'waiting',
    reason: 'CrashLoopBackOff',
    last: { reason: 'Error', exitCode: 1, message: line },
    log: ['INFO starting', line],
    ...change,
  });
}

export function aPod(
  role: PodRole,
  containers: ContainerEvidence[] = [aContainer()],
  change: Partial<PodEvidence> = {},
): PodEvidence {
  return {
    name: `${role}-1`,
    namespace: role === 'gateway' ? 'opendatahub' : NAMESPACE,
    role,
    node: 'node-1',
    phase: 'Running',
    reason: '',
    message: '',
    ready: containers.every(({ ready, init }) => ready || init),
    terminating: false,
    labels: {},
    conditions: [],
    containers,
    ...change,
  };
}

export function aNode(change: Partial<NodeEvidence> = {}): NodeEvidence {
  return {
    name: 'node-1',
    ready: true,
    readyMessage: 'KubeletReady: kubelet is posting ready status',
    chips: 4,
    unschedulable: false,
    taints: ['google.com/tpu=present:NoSchedule'],
    accelerator: 'tpu-v6e-slice',
    topology: '2x2',
    ...change,
  };
}

export function anEvent(reason: string, message: string, change: Partial<EventEvidence> = {}): EventEvidence {
  return { type: 'Warning', reason, kind: 'Pod', name: 'replica-1', message, count: 1, ...change };
}

export function aRoute(change: Partial<RouteEvidence> = {}): RouteEvidence {
  return {
    name: 'qwen2-3b-pattern3-kserve-route',
    namespace: NAMESPACE,
    own: true,
    gates: false,
    createdAt: '2026-11-22T14:10:00Z',
    hostnames: [],
    pools: [{ group: 'inference.networking.x-k8s.io', name: 'qwen2-3b-pattern3-inference-pool' }],
    rules: [null, null, null],
    conditions: [
      { type: 'Accepted', status: 'True', reason: 'Accepted', message: '' },
      { type: 'ResolvedRefs', status: 'True', reason: 'ResolvedRefs', message: '' },
    ],
    ...change,
  };
}

/** A cluster in which all is well. */
export function aCluster(change: Partial<ClusterEvidence> = {}): ClusterEvidence {
  return {
    collectedAt: '2026-11-22T14:30:00Z',
    gaps: [],
    service: {
      name: 'qwen2-3b-pattern3',
      namespace: NAMESPACE,
      generation: 1,
      observedGeneration: 1,
      conditions: [{ type: 'Ready', status: 'True', reason: '', message: '' }],
    },
    pods: [aPod('replica'), aPod('endpoint-picker')],
    deployments: [],
    events: [],
    nodes: [aNode(), aNode({ name: 'node-2' }), aNode({ name: 'node-3' })],
    pool: { status: 'RUNNING', conditions: [], operations: [] },
    strangers: [],
    routes: [aRoute()],
    inferencePools: [],
    gateway: {
      name: 'inference-gateway',
      namespace: 'opendatahub',
      className: 'istio',
      addresses: ['34.1.2.3'],
      conditions: [{ type: 'Programmed', status: 'True', reason: 'Programmed', message: '' }],
    },
    istiodImage: 'docker.io/istio/pilot:1.27.3',
    controllerImages: ['quay.io/opendatahub/kserve-controller:v0.15-latest'],
    filters: [],
    destinationRules: [
      {
        name: 'scheduler',
        host: 'qwen2-3b-pattern3-epp-service.ns.svc.cluster.local',
        mode: 'SIMPLE',
        caCertificates: '',
        gates: false,
      },
      {
        name: 'workload',
        host: 'qwen2-3b-pattern3-inference-pool-ip-1a2b3c4d.ns.svc.cluster.local',
        mode: 'SIMPLE',
        caCertificates: '',
        gates: false,
      },
    ],
    blocked: [],
    policies: [],
    gatewayCounters: [],
    ...change,
  };
}

export function someEvidence(change: Partial<Evidence> & { reported?: Partial<Report> } = {}): Evidence {
  const { reported, ...rest } = change;
  return { failure: null, report: aReport(reported), cluster: aCluster(), lines: [], ...rest };
}

/** A wait that ended, with the cluster as it was then. */
export function atReady(
  cluster: Partial<ClusterEvidence>,
  code = 'ready-timeout',
  facts: Record<string, unknown> = {},
): Evidence {
  return someEvidence({
    failure: aFailure(code, facts),
    cluster: aCluster(cluster),
    reported: { checks: [], routing: null, benchmark: null },
  });
}
