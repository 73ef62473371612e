import type { Blame, Failure } from '../lib/failure.ts';
import type { Diagnosis, Report } from '../report/model.ts';

/** What a rule may look at: the failure that ended the run, if any, the report so far, and collected lines. */
export interface Evidence {
  failure: Failure | null;
  report: Report;
  /** Events and log lines of the pods concerned, newest last. Hostile text. */
  lines: string[];
}

interface Rule {
  cause: string;
  title: string;
  blame: Blame;
  confidence: Diagnosis['confidence'];
  /** The evidence that shows this cause, or null when it does not. */
  match: (evidence: Evidence) => { seen: string[]; explanation: string } | null;
  remedy: (evidence: Evidence) => string;
}

/** In order of precedence: the first that matches explains the run. */
export const RULES: readonly Rule[] = [
  failureRule('gke.stockout', 'The zone has no TPU capacity', 'cloud', 'gke-stockout', {
    explanation: ({ asked, got }) =>
      `Google Compute Engine could not create the nodes: ${got} of ${asked} arrived. The change under review is not at fault.`,
    remedy: () => 'Run again later, or use a reservation or a pool in another zone.',
  }),
  failureRule('gke.partial', 'Only some of the nodes arrived', 'cloud', 'gke-partial', {
    explanation: ({ asked, got }) =>
      `${got} of ${asked} nodes arrived, and the operation has no more to say. The change under review is not at fault.`,
    remedy: () => 'Run again later. GKE may repair the pool meanwhile; the release waits for that.',
  }),
  failureRule('gke.quota', 'The TPU quota is too small', 'config', 'gke-quota', {
    explanation: ({ asked }) => `The project may not have ${asked} nodes of this kind.`,
    remedy: () => 'Ask for more of the quota that the evidence names (it is a compute.googleapis.com quota).',
  }),
  failureRule('gke.permission', 'Google Cloud refuses the identity', 'config', 'gke-permission', {
    explanation: () =>
      'The identity that the gate runs as may not do what the message names. No node was asked for by the refused call.',
    remedy: () =>
      'Grant it the permissions of docs/permissions.md on the project, or correct the identity that "workload-identity-provider" or "credentials-json" stands for; a new binding takes up to five minutes.',
  }),
  failureRule('gke.node-permission', 'GKE may not create the nodes', 'config', 'gke-node-permission', {
    explanation: ({ asked, got }) =>
      `${got} of ${asked} nodes arrived: GKE itself, and not the gate, lacks a permission to make them.`,
    remedy: () =>
      'Look at the service account that the evidence names: it must exist, be enabled, and the Kubernetes Engine Service Agent must be allowed to use it (roles/iam.serviceAccountUser).',
  }),
  failureRule('gke.resize-failed', 'The resize ended in an error', 'cloud', 'gke-resize-failed', {
    explanation: ({ asked, got }) =>
      `${got} of ${asked} nodes arrived, and GKE gave the reason that the evidence quotes.`,
    remedy: () => 'Look at the operation: gcloud container operations list. Run again when its reason has passed.',
  }),
  failureRule('gke.nodes-timeout', 'The nodes did not become Ready in time', 'cloud', 'nodes-timeout', {
    explanation: ({ asked, got }) =>
      `${got} of ${asked} nodes had registered with Kubernetes when the limit came, and the operation had not failed.`,
    remedy: () =>
      'Look at the operation and at the nodes: gcloud container operations list; kubectl describe nodes. Raise "lease-timeout" if nodes were still arriving.',
  }),
  failureRule('gke.unavailable', 'The Container API does not answer', 'cloud', 'gke-api', {
    explanation: () =>
      'A call to the Container API failed at each of its tries. The change under review is not at fault.',
    remedy: () => 'Look at https://status.cloud.google.com, then run again.',
  }),
  failureRule('gke.preempted', 'A spot node was taken back', 'cloud', 'node-preempted', {
    explanation: ({ lost }) =>
      `Google Cloud took ${lost === 1 ? 'a node' : `${lost} nodes`} of the spot pool back during the run. What was measured is of another system, so there is no verdict.`,
    remedy: () => 'Run again, or use a pool that is not of spot nodes.',
  }),
  failureRule('gke.node-lost', 'A leased node went away', 'cloud', 'node-lost', {
    explanation: ({ lost }) =>
      `${lost === 1 ? 'A node' : `${lost} nodes`} of the pool went away during the run, by maintenance, repair or a fault. What was measured is of another system, so there is no verdict.`,
    remedy: () => 'Look at the operations of the cluster, then run again.',
  }),
  failureRule('config.max-cost', 'The run reached its cost limit', 'config', 'max-cost', {
    explanation: () => 'The bill of the nodes would have passed "max-cost", the time of their release included.',
    remedy: () => 'Look at the slowest stage, or raise "max-cost".',
  }),
  failureRule('config.undecidable', 'The target cannot be decided with this budget', 'config', 'undecidable', {
    explanation: () =>
      'The noise of so few or so short pairs is wider than the distance to the target, so that every outcome would be inconclusive. Nothing was measured.',
    remedy: () => 'Give more or longer pairs ("pairs", "pair-duration"), or a lower "target-speedup".',
  }),
  failureRule('config.prompts', 'The prompts cannot be read', 'change', 'bad-prompts', {
    explanation: () => 'The file that "prompts" names is not JSON Lines with a "prompt" in each. Nothing was leased.',
    remedy: () => 'Correct the lines that the message names.',
  }),
  failureRule('manifest.refused', 'The manifests hold what the gate does not apply', 'change', 'manifest-guard', {
    explanation: ({ rules }) =>
      `A pull request must not use the gate's credentials for anything but its serving stack. Refused by rule ${Array.isArray(rules) ? rules.join(', ') : '?'}, before any call; nothing was leased.`,
    remedy: () =>
      'Correct the lines that the message names, or widen "allowed-kinds", "allowed-namespaces" or "allowed-registries" in the workflow of the base branch.',
  }),
  failureRule('config.baseline', 'The recorded baseline cannot be used', 'change', 'bad-baseline', {
    explanation: () =>
      'The file that "baseline" names is not the result of a run that measured one replica soundly. Nothing was leased.',
    remedy: () => 'Give another result.json, or leave "baseline" out.',
  }),
  failureRule('pool.leased', 'Another run has the node pool', 'cluster', 'pool-leased', {
    explanation: ({ holder }) =>
      `The lease of the pool is ${holder ?? 'another run'}'s. Nothing was leased, and nothing was asked of the pool.`,
    remedy: () =>
      'Let that run end. A concurrency group in the workflow, one for each pool, makes runs wait their turn instead.',
  }),
  failureRule('lease.lost', 'The lease of the node pool was lost', 'cluster', 'lease-lost', {
    explanation: () =>
      'Another run took the lease, or somebody deleted it, while this run was under way; the pool may be resized by others.',
    remedy: () => 'Run again, and see that every run on the pool has the same "lease-namespace".',
  }),
  failureRule('pool.busy', 'An operation holds the node pool', 'cluster', 'pool-busy', {
    explanation: () => 'GKE changes a node pool by one operation at a time, and another one did not end in time.',
    remedy: () => 'Wait for the operation that the evidence names: gcloud container operations list.',
  }),
  failureRule('image.not-found', 'The container image does not exist', 'change', 'image-not-found', {
    explanation: ({ container, pod }) =>
      `Kubernetes cannot pull the image of container ${container} in pod ${pod}: its registry does not know it. Waiting cannot heal this, so the run ended at once.`,
    remedy: () => 'Correct the image name or tag in the LLMInferenceService, then push.',
  }),
  failureRule('image.pull-denied', 'The registry refused the image', 'config', 'image-pull-denied', {
    explanation: ({ container, pod }) => `The registry wants credentials for container ${container} of pod ${pod}.`,
    remedy: () => 'Create the pull secret that imagePullSecrets names, in the namespace of the service.',
  }),
  failureRule('container.config', 'A secret, config map or key is missing', 'change', 'container-config', {
    explanation: ({ container, pod }) =>
      `Container ${container} of pod ${pod} refers to something that does not exist.`,
    remedy: () => 'Create it, or correct its name and key in the manifest.',
  }),
  failureRule('container.crash-loop', 'A container crashes each time it starts', 'change', 'crash-loop', {
    explanation: ({ container, pod }) => `Container ${container} of pod ${pod} ends by itself soon after its start.`,
    remedy: () => 'Read its last lines below; a flag that the image does not know is the most frequent reason.',
  }),
  {
    cause: 'pods.unschedulable',
    title: 'Pods found no node',
    blame: 'config',
    confidence: 'probable',
    match: ({ failure, report }) => {
      const stuck = report.pods.filter(({ state }) => state === 'Unschedulable');
      if (failure?.code !== 'ready-timeout' || stuck.length === 0) return null;
      return {
        seen: stuck.map(({ name, state }) => `${name}: ${state}`),
        explanation: `${stuck.length} ${stuck.length === 1 ? 'pod' : 'pods'} stayed unschedulable although the nodes were leased: their node selector, toleration or chip count does not fit the pool.`,
      };
    },
    remedy: ({ report }) =>
      `Compare spec.template.nodeSelector, tolerations and google.com/tpu requests with pool ${report.plan.nodePool ?? '?'} (${report.environment.machineType ?? '?'}).`,
  },
  {
    cause: 'routing.picker-bypassed',
    title: 'The gateway bypasses the endpoint picker',
    blame: 'cluster',
    confidence: 'probable',
    match: ({ report }) => {
      const affinity = report.checks.find(({ id }) => id === 'prefix-affinity');
      const engaged = report.checks.find(({ id }) => id === 'picker-engaged');
      // Without the gateway's counters no mark on any answer is a hint, and the spread makes it probable.
      const unmarked = engaged?.outcome === 'not-observable' && report.routing?.pickerHeader?.seen === 0;
      if (affinity?.outcome !== 'fail' || !engaged || !(unmarked || engaged.outcome === 'fail')) return null;
      return {
        seen: [
          `shared prefix: ${affinity.seen}`,
          `endpoint picker: ${engaged.seen}`,
          ...(report.environment.scorers
            ? [
                `scorers configured: ${report.environment.scorers.map(({ name, weight }) => `${name} ${weight}`).join(', ')}`,
              ]
            : []),
        ],
        explanation:
          'Requests with one prefix were spread over the replicas, and the endpoint picker was not asked about them: the gateway could not reach it and failed open to round-robin.',
      };
    },
    remedy: () =>
      'Look for an EnvoyFilter that replaces the ext_proc configuration of the route, a NetworkPolicy that blocks port 9002 of the endpoint picker, or a failed TLS handshake in the gateway log.',
  },
  {
    cause: 'routing.no-affinity',
    title: 'The endpoint picker does not follow the prefix',
    blame: 'change',
    confidence: 'probable',
    match: ({ report }) => {
      const affinity = report.checks.find(({ id }) => id === 'prefix-affinity');
      if (affinity?.outcome !== 'fail') return null;
      const scorers = report.environment.scorers;
      const weights = scorers?.map(({ name, weight }) => `${name} ${weight}`).join(', ') ?? 'not readable';
      return {
        seen: [`shared prefix: ${affinity.seen}`, `scorers: ${weights}`],
        explanation: !scorers
          ? 'Requests with one prefix were spread over the replicas; the configuration of the endpoint picker could not be read.'
          : scorers.some(({ name }) => name.includes('prefix-cache'))
            ? 'The prefix-cache scorer is configured, yet requests with one prefix were spread over the replicas.'
            : 'The live configuration of the endpoint picker has no prefix-cache scorer.',
      };
    },
    remedy: () => 'Put prefix-cache-scorer into the scheduling profile, with a weight above the others together.',
  },
];

function failureRule(
  cause: string,
  title: string,
  blame: Blame,
  code: string,
  text: {
    explanation: (facts: Record<string, unknown>) => string;
    remedy: (facts: Record<string, unknown>) => string;
  },
): Rule {
  return {
    cause,
    title,
    blame,
    confidence: 'proven',
    match: ({ failure, lines }) => {
      if (failure?.code !== code) return null;
      const facts = failure.evidence;
      const own = [facts.text, facts.message].filter((line): line is string => typeof line === 'string' && line !== '');
      return { seen: [...own, ...lines], explanation: text.explanation(facts) };
    },
    remedy: ({ failure }) => text.remedy(failure?.evidence ?? {}),
  };
}
