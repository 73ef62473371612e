import { Failure } from '../../../src/lib/failure.ts';
import { emptyReport, fold } from '../../../src/report/fold.ts';
import type { PreflightCheck, Report } from '../../../src/report/model.ts';
import { unmeasuredChange } from '../../../src/verdict/comparisons.ts';
import { aComparedRun, LINK } from './compared.ts';
import { aBenchmark, anEnvironment, aReport, checks, perPod, pods, stages } from './fixtures.ts';
import { someLimits } from './slo.ts';

/** One report per way a run can end. */
export const CASES: Record<string, () => Report> = {
  pass: () => aReport(),

  compared: () => aComparedRun(),

  'fail-throughput': () =>
    aReport({
      verdict: 'fail',
      reasons: ['The upper limit of the speedup is below 2.5×.'],
      benchmark: aBenchmark(2.17, 0.03, { looks: { done: 1, planned: 10, stopped: 'fail' } }),
    }),

  'fail-limits': () =>
    aReport({
      verdict: 'fail',
      reasons: someLimits('missed').limits.map(({ reason }) => reason),
      slo: someLimits('met', 'missed', 'inconclusive', 'not-measured'),
      diagnosis: {
        ...{
          cause: 'limit.missed',
          title: 'The stack misses a limit that was set',
          confidence: 'proven',
          blame: 'change',
        },
        explanation: someLimits('missed').limits[0]!.reason,
        remedy: 'Compare the figure with that of the base branch, or set another limit in the input "slo".',
        ...{ evidence: someLimits('missed').limits.map(({ reason }) => reason), considered: [] },
      },
    }),

  'limits-undecided': () =>
    aReport({
      verdict: 'inconclusive',
      reasons: someLimits('inconclusive').limits.map(({ reason }) => reason),
      slo: someLimits('met', 'inconclusive'),
    }),

  'fail-routing': () =>
    aReport({
      verdict: 'fail',
      reasons: ['Requests that share a prefix do not reach the same replica.'],
      checks: checks({
        'prefix-affinity': { seen: '4 / 3 / 3', outcome: 'fail' },
        'cache-hits': { seen: '47.9%', outcome: 'fail' },
      }),
      routing: {
        prefixTokens: 1024,
        prefixChars: 4096,
        sharedPrefix: { sent: 72, perPod: perPod([25, 24, 23]), groups: Array(12).fill(perPod([2, 2, 2])) },
        unique: { sent: 300, perPod: perPod([100, 100, 100]) },
        hitRate: { measured: 0.479, aware: 0.7407, random: 0.4826 },
        pickerHeader: { seen: 0, answers: 310 },
        gateway: { problem: 'pods is forbidden', proxies: 0, picker: null, perPod: [] },
      },
      diagnosis: {
        cause: 'routing.picker-bypassed',
        title: 'The gateway does not ask the endpoint picker',
        confidence: 'proven',
        blame: 'change',
        explanation:
          'No response carried the header `x-went-into-resp-headers`, and ten requests with one prefix were spread 4 / 3 / 3, as round robin does.',
        remedy: 'Restore the ext_proc filter: apply `manifests/components/envoyfilter` or upgrade Istio to 1.27.',
        evidence: [
          'istiod image: docker.io/istio/pilot:1.26.2',
          'envoyfilters.networking.istio.io in opendatahub: none',
          'pod inference-gateway: ext_proc config 0 routes',
        ],
        considered: [],
      },
    }),

  inconclusive: () =>
    aReport({
      verdict: 'inconclusive',
      reasons: ['The interval of the speedup contains 2.5× after all 15 pairs.'],
      benchmark: aBenchmark(2.54, 0.03, { looks: { done: 10, planned: 10, stopped: 'budget' } }),
    }),

  reused: () =>
    aReport({
      startedAt: '2026-11-22T14:41:00.000Z',
      reasons: ['Run 398 measured the same stack on 2026-11-27: 2.68× (2.61–2.75), pass.'],
      stages: stages({ preflight: [4, '22 of 23 preflight checks passed, 1 not checked'] }),
      ...{ pods: [], checks: [], routing: null, benchmark: null, runbook: null, cost: null },
      reused: {
        verdict: 'pass',
        run: {
          url: 'https://github.com/o/r/actions/runs/18200000001',
          ...{ id: '18200000001', number: 398, sha: '9c0ffee0', finishedAt: '2026-11-27T02:44:00Z' },
        },
        speedup: { value: 2.68, low: 2.61, high: 2.75 },
        requestsPerSecond: { one: 7.02, all: 18.8 },
        hash: 'a'.repeat(64),
      },
      comparisons: [unmeasuredChange('same', 'The base stack has the same objects.', 0.97)],
      release: {
        ...{ outcome: 'not-needed', nodePool: 'tpu-v6e-pool', restingNodes: null, nodesLeft: null },
        ...{ message: 'No TPU node was leased.', command: null, durationMs: 0 },
      },
    }),

  recorded: () =>
    aReport({
      verdict: 'inconclusive',
      reasons: [
        'The speedup is 2.68× (2.51–2.86×) over one replica as it was recorded at 2026-11-21T03:10:00Z: this run could not measure one, and a record of another day decides nothing.',
      ],
      benchmark: aBenchmark(2.68, 0.065, {
        design: 'recorded',
        pairs: [],
        baseline: {
          url: 'https://github.com/o/r/actions/runs/18200000001',
          sha: '9c0ffee0',
          finishedAt: '2026-11-21T03:10:00Z',
        },
        oneReplicaArm: 'not measured in this run; recorded by run 18200000001, which ended at 2026-11-21T03:10:00Z',
        looks: { done: 1, planned: 1, stopped: 'budget' },
      }),
    }),

  invalid: () =>
    aReport({
      verdict: 'invalid',
      reasons: ['The pods served more requests than were sent.'],
      benchmark: aBenchmark(2.68, 0.026, {
        vetoes: [
          {
            id: 'conservation',
            message: 'The pods counted 2,719 requests, 2,352 were sent: somebody else uses the service.',
          },
          { id: 'littles-law', message: 'Throughput times latency is 0.91 of the requests in flight.' },
        ],
      }),
    }),

  stockout: () =>
    aReport({
      verdict: 'error',
      reasons: ['The zone has no TPU capacity.'],
      failure: {
        stage: 'lease',
        code: 'gke-stockout',
        message: 'Node pool `tpu-v6e-pool` got 0 of 3 nodes in 10 min.',
        hint: 'Try again later or in another zone.',
        blame: 'cloud',
      },
      diagnosis: {
        cause: 'gke.stockout',
        title: 'The zone `europe-west4-a` has no TPU v6e capacity',
        confidence: 'proven',
        blame: 'cloud',
        explanation:
          'The resize ended in GCE_STOCKOUT; the quota of 12 chips suffices, so this is capacity, not quota.',
        remedy: 'Run again later, use a reservation, or move the node pool to a zone with v6e capacity.',
        link: `${LINK}#gkestockout`,
        evidence: [
          '[GCE_STOCKOUT]: Instance creation failed: The zone europe-west4-a does not have enough resources available. Expected 3, running 0.',
        ],
        considered: [],
      },
      stages: stages({ preflight: [43, '9 checks passed'], lease: [604, '0 of 3 nodes', 'failed'] }),
      pods: [],
      checks: [],
      routing: null,
      benchmark: null,
      runbook: null,
      environment: anEnvironment({
        modelId: null,
        blockSizeTokens: null,
        prefixCaching: null,
        scorers: null,
        endpoint: null,
      }),
      cost: {
        ...aReport().cost!,
        chipMinutes: 0,
        nodeSeconds: 0,
        usd: 0,
        usdPerMillionRequests: null,
        usdPerMillionOutputTokens: null,
      },
    }),

  'image-pull': () =>
    aReport({
      sincePass: {
        run: { url: null, sha: 'c0ffee19aa', finishedAt: '2026-11-20T02:10:00Z' },
        changes: [
          { name: 'vLLM image', before: 'vllm/vllm-tpu:v0.11.1', after: 'vllm/vllm-tpu:v0.11.9' },
          {
            name: 'vLLM arguments',
            before:
              'python3 -m vllm.entrypoints.openai.api_server --model=/mnt/models --port=8000 --max-model-len=2048',
            after: 'python3 -m vllm.entrypoints.openai.api_server --model=/mnt/models --port=8000 --max-model-len=4096',
          },
        ],
      },
      verdict: 'error',
      reasons: ['The vLLM image cannot be pulled.'],
      failure: {
        stage: 'ready',
        code: 'pods-not-ready',
        message: '0 of 3 replicas became ready: all wait in `ImagePullBackOff`.',
        hint: null,
        blame: 'change',
      },
      diagnosis: {
        cause: 'image.not-found',
        title: 'The vLLM image does not exist',
        confidence: 'proven',
        blame: 'change',
        explanation:
          'The registry does not know the tag `v0.11.9` of `vllm/vllm-tpu`; the pull secret is not the cause, other tags were pulled with it.',
        remedy: 'Correct the tag in `manifests/pattern3/llminferenceservice.yaml`.',
        evidence: [
          'Failed to pull image "vllm/vllm-tpu:v0.11.9": rpc error: code = NotFound desc = docker.io/vllm/vllm-tpu:v0.11.9: not found',
          'Back-off pulling image "vllm/vllm-tpu:v0.11.9"',
        ],
        considered: [{ cause: 'No TPU capacity', because: '3 of 3 nodes Ready, 4 chips allocatable on each' }],
        locations: [{ file: 'manifests/pattern3/service.yaml', line: 94, message: 'The image does not exist' }],
      },
      stages: stages({
        preflight: [44, '9 checks passed'],
        lease: [578, '3 nodes, 12 chips'],
        deploy: [37, '9 objects applied'],
        ready: [92, '0 of 3 replicas ready', 'failed'],
      }),
      pods: pods((i) =>
        i < 3 ? { readyContainers: 1, state: 'ImagePullBackOff', phase: 'Pending', readyAfterMs: null } : {},
      ),
      checks: [],
      routing: null,
      benchmark: null,
      runbook: null,
      cost: {
        ...aReport().cost!,
        chipMinutes: 61,
        nodeSeconds: 915,
        usd: 3.02,
        usdPerMillionRequests: null,
        usdPerMillionOutputTokens: null,
      },
    }),

  'unknown-cause': () =>
    aReport({
      verdict: 'error',
      reasons: ['The replicas did not become ready within 25 min.'],
      failure: {
        stage: 'ready',
        code: 'ready-timeout',
        message: 'The replicas did not become ready within 25 min.',
        hint: 'Look at what the pods wait for.',
        blame: 'change',
      },
      diagnosis: {
        cause: 'unknown.ready-timeout',
        title: 'No known cause fits',
        confidence: 'unknown',
        blame: 'change',
        explanation: 'The replicas did not become ready within 25 min.',
        remedy: 'Look at what the pods wait for.',
        evidence: ['Warning Unhealthy Readiness probe failed: connection refused'],
        deciding: "KeyError: 'rope_scaling'",
        considered: [],
      },
      stages: stages({
        preflight: [44, '9 checks passed'],
        lease: [578, '3 nodes, 12 chips'],
        deploy: [37, '9 objects applied'],
        ready: [1_500, 'The replicas did not become ready within 25 min.', 'failed'],
      }),
      pods: pods((i) => (i === 2 ? { readyContainers: 1, state: '1/2 compiling', readyAfterMs: null } : {})),
      checks: [],
      routing: null,
      benchmark: null,
      runbook: null,
    }),

  interrupted: () =>
    aReport({
      verdict: 'error',
      reasons: ['The run was interrupted by SIGINT before it had a result.'],
      failure: {
        stage: 'preflight',
        code: 'interrupted',
        message: 'The run was interrupted by SIGINT before it had a result.',
        hint: 'Nothing is wrong with the change; run it again.',
        blame: 'gate',
      },
      stages: stages({
        preflight: [44, '9 checks passed'],
        lease: [578, '3 nodes, 12 chips'],
        deploy: [37, '9 objects applied'],
        ready: [210, 'The run was interrupted by SIGINT before it had a result.', 'failed'],
      }),
      pods: [],
      checks: [],
      routing: null,
      benchmark: null,
      runbook: null,
      release: null,
      cost: null,
    }),

  killed: () => {
    const { run, startedAt, target, plan, release } = aReport();
    const report = fold(emptyReport({ version: '0.1.0', run, startedAt, target, plan }), {
      type: 'ended',
      verdict: 'error',
      reasons: ['The main step was killed before it had a result.'],
      finishedAt: '2026-11-22T14:20:09.000Z',
      failure: new Failure({
        stage: 'lease',
        code: 'killed',
        message: 'The main step was killed before it had a result.',
        hint: 'The run was cancelled or ran out of time or memory; nothing is known about the change.',
      }),
    });
    return { ...report, release };
  },

  'release-failed': () =>
    aReport({
      release: {
        outcome: 'failed',
        nodePool: 'tpu-v6e-pool',
        restingNodes: 0,
        nodesLeft: 3,
        message: 'The resize to 0 nodes was refused three times: the cluster is being upgraded.',
        command:
          'gcloud container clusters resize llmd-istio-tpu-pattern1 --node-pool tpu-v6e-pool --num-nodes 0 --location europe-west4-a --project ecoeng-llmd --quiet',
        durationMs: 600_000,
      },
    }),

  'pass-before-post': () => aReport({ release: null }),

  'preflight-failed': () =>
    aReport({
      ...PREFLIGHT_ONLY,
      verdict: 'error',
      reasons: ['3 of 5 preflight checks failed.'],
      failure: {
        stage: 'preflight',
        code: 'pool-too-small',
        message: '3 of 5 preflight checks failed: 3 replicas of 4 chips do not fit on 2 nodes of 4; …',
        hint: 'Set "nodes" to 3, or leave it out.',
        blame: 'config',
      },
      diagnosis: {
        cause: 'pool.too-small',
        title: 'The replicas do not fit on the nodes',
        confidence: 'proven',
        blame: 'config',
        explanation: '3 replicas of 4 chips do not fit on 2 nodes of 4.',
        remedy: 'Set "nodes" to 3, or leave it out.',
        evidence: [],
        considered: [],
      },
      preflight: [
        aLine('Guard', 'pass', '5 objects of allowed kinds, namespaces and registries'),
        aLine(
          'Node pool',
          'fail',
          '3 replicas of 4 chips do not fit on 2 nodes of 4.',
          'Set "nodes" to 3, or leave it out.',
        ),
        aLine(
          'Kubernetes permissions',
          'fail',
          'The identity may not patch pods in llm-d-inference-scheduling.',
          'Grant it: kubectl apply -f manifests/rbac/serving.yaml, with the namespaces and the subject of your own.',
        ),
        aLine(
          'Secrets',
          'fail',
          'Secret hf-token in llm-d-inference-scheduling has no key token; it has HF_TOKEN.',
          'Correct the key in the manifest, or add it to the secret.',
        ),
        aLine('Other routes', 'warning', '1 other route on the gateway: web/shop', 'Measure alone on a gateway.'),
        aLine('Quota and capacity', 'not-checked', 'GKE reports nothing about them before nodes are requested'),
      ],
    }),

  'preflight-passed': () =>
    aReport({
      ...PREFLIGHT_ONLY,
      stages: stages({ preflight: [1, '2 of 2 preflight checks passed'] }),
      mode: 'preflight',
      verdict: 'pass',
      reasons: ['2 of 2 preflight checks passed. Nothing was leased, deployed or measured.'],
      preflight: [
        aLine('Guard', 'pass', '5 objects of allowed kinds, namespaces and registries'),
        aLine('Price', 'pass', '3 nodes × 4 chips = 12 chips: $35.64 an hour'),
        aLine('Quota and capacity', 'not-checked', 'GKE reports nothing about them before nodes are requested'),
      ],
    }),

  deployed: () => aReport(KEPT('2026-11-22T16:41:00Z')),

  'restored-for-good': () =>
    aReport({
      ...KEPT(null),
      mode: 'restore',
      plan: { ...aReport().plan, nodes: 1, replicas: 1, service: 'qwen2-3b-pattern1' },
      checks: checks({}).filter(({ id }) => ['health', 'models', 'completion', 'chat', 'replicas'].includes(id)),
      routing: null,
    }),
};

/** A stack that stays, for a time or for good. */
const KEPT = (until: string | null): Partial<Report> => ({
  mode: 'deploy',
  reasons: ['All 9 checks of the service passed.'],
  benchmark: null,
  runbook: null,
  release: {
    ...aReport().release!,
    outcome: 'kept',
    nodesLeft: until === null ? 1 : 3,
    message: 'Node pool tpu-v6e-pool keeps its nodes for the stack.',
    kept: { until, usdPerHour: until === null ? 11.88 : 35.64 },
  },
});

const PREFLIGHT_ONLY: Partial<Report> = {
  stages: stages({ preflight: [1, '1 of 5 preflight checks passed, 3 failed, 1 with a warning', 'failed'] }),
  pods: [],
  checks: [],
  routing: null,
  benchmark: null,
  runbook: null,
  cost: null,
  release: { ...aReport().release!, outcome: 'not-needed', message: 'No TPU node was leased.' },
};

function aLine(
  title: string,
  outcome: PreflightCheck['outcome'],
  seen: string,
  remedy: string | null = null,
): PreflightCheck {
  const failed = outcome === 'fail';
  return {
    id: title === 'Quota and capacity' ? 'quota' : title.toLowerCase(),
    title,
    outcome,
    seen,
    remedy,
    code: failed ? 'a-code' : null,
    blame: failed ? 'config' : null,
  };
}
