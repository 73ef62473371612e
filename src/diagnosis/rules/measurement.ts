import type { Cause } from '../../lib/causes.ts';
import type { Evidence } from '../evidence.ts';
import { containersOf } from '../facts.ts';
import { REPLICA_REMOVED_RULE } from './replica-removed.ts';
import type { Rule } from './rule.ts';

interface Disturbance {
  vetoes: readonly string[];
  /** A veto beside which another cause explains the run. */
  unless?: string;
  /** What the veto's sentence must say, where its name is not enough. */
  says?: RegExp;
  cause: Cause;
  title: string;
  looksLike: string;
  remedy: string;
}

/** What makes a measurement worthless, by the vetoes that see it; the first that stands explains the run. */
const DISTURBANCES: readonly Disturbance[] = [
  {
    // Before the runner's own troubles, which refuse no connection; a restart explains more.
    vetoes: ['replica-refused', 'replica-errors'],
    unless: 'restart',
    cause: 'measure.replica-refused',
    title: 'A replica did not serve, and the gateway used others instead',
    looksLike: 'the gateway counts refused connections or errors of a replica, and clients see few or none of them',
    remedy:
      'Look at the replica’s log, restarts and readiness probe in the evidence. The gateway listed it while it did not serve. Then run again: the arm of all replicas ran on fewer.',
  },
  // Nor does a slow runner add a replica, change what was counted, or send requests of somebody else.
  {
    vetoes: ['replicas-changed'],
    unless: 'restart',
    says: /^The replicas changed during the measurement: (?!.* went away).* came/,
    cause: 'measure.replica-added',
    title: 'A replica was added during the measurement',
    looksLike: 'a pod of the workload is there that was not when the service was verified',
    remedy:
      'Keep autoscalers off the service for the run: kubectl get hpa,scaledobjects -A shows them. One replica is compared with a fixed number of others.',
  },
  {
    vetoes: ['work-missing', 'no-text', 'prompt-length', 'answer-text'],
    cause: 'measure.work-missing',
    title: 'The answers report more than the replicas did',
    looksLike:
      'the replicas’ counters have fewer tokens than the answers report, or the answers have too little text for theirs',
    remedy:
      'Compare the usage of an answer with its text and with vllm:generation_tokens_total of the replica. Something rewrites answers, truncates prompts, or responds instead of vLLM.',
  },
  {
    vetoes: ['conservation', 'queue-at-start', 'foreign-work', 'busy-at-edges'],
    unless: 'restart',
    cause: 'measure.foreign-traffic',
    title: 'Somebody else sends requests to the replicas',
    looksLike:
      'the replicas counted more requests or tokens than were ordered, or had requests while none of the gate was in flight',
    remedy: 'Keep other clients off the route while a run measures: a gateway, a hostname or a namespace of its own.',
  },
  {
    vetoes: ['clock'],
    cause: 'measure.clock',
    title: 'The clock of the load generator cannot be trusted',
    looksLike: 'latencies that repeat, as from a coarse clock',
    remedy: 'Run on another runner: the measurement shows only its clock.',
  },
  {
    vetoes: ['starved', 'event-loop', 'send-lag'],
    cause: 'measure.client-starved',
    title: 'The runner was too slow for the load',
    looksLike: 'the load generator’s event loop is busy, late, or stopped by the machine',
    remedy:
      'Use a runner with at least two free cores (runs-on), or lower "concurrency". The stack itself was not judged.',
  },
  {
    vetoes: ['restart', 'replica-count', 'replicas-changed'],
    cause: 'measure.replica-restarted',
    title: 'A replica restarted or went away under load',
    looksLike: 'counters of a replica fell, or fewer replicas are Ready than before',
    remedy:
      'Look at restarts and last log lines of the replicas in the evidence. Memory and --max-num-seqs are the usual reasons.',
  },
  {
    vetoes: ['output-length', 'error-rate'],
    says: /output tokens|had .* tokens/,
    cause: 'measure.short-answers',
    title: 'Answers do not have the requested length',
    looksLike: 'the arms differ in their mean output tokens',
    remedy:
      'Something between gateway and vLLM shortens answers: compare generation defaults (--generation-config, --override-generation-config) and plugins of the endpoint picker.',
  },
  {
    vetoes: ['error-rate', 'unreadable-answers', 'too-few-requests'],
    cause: 'measure.errors',
    title: 'Requests fail or get empty answers under load',
    looksLike: 'a share of requests beyond the limit fails, or 200 comes without a choice',
    remedy:
      'The first refused answer is in the reasons. Compare --max-num-seqs, admission of the endpoint picker and the gateway’s limits with the last passing run.',
  },
  {
    vetoes: ['picker-lost', 'picker-not-shared'],
    cause: 'measure.picker-lost',
    title: 'The endpoint picker was lost under load',
    looksLike: 'answers stop carrying the picker’s mark during the measurement',
    remedy: 'Give the endpoint picker more CPU, and look at its restarts in the evidence.',
  },
  {
    vetoes: ['cache-hits'],
    cause: 'measure.prompts-shared',
    title: 'Prompts that share nothing hit the cache',
    looksLike: 'the arms differ in their hit rate over prompts that were made to be unique',
    remedy: 'Something before the replicas answers from a cache of its own, or another client sends the same prompts.',
  },
  {
    vetoes: ['one-replica', 'impossible-speedup'],
    cause: 'measure.one-replica-held',
    title: 'The one-replica arm was not of one replica, or was held back',
    looksLike: 'others than the chosen replica served it, or the ratio exceeds what replicas can give',
    remedy: 'See that the route to one replica selects one pod alone, and that nothing throttles it.',
  },
  {
    vetoes: ['littles-law', 'trend'],
    cause: 'measure.unsteady',
    title: 'The replicas were not in a steady state',
    looksLike: 'throughput rises or falls through the windows, or Little’s law does not hold: a stall, a compilation',
    remedy:
      'Run again. If it happens again, warm all shapes of the prompts first: vLLM compiles each at its first use.',
  },
];

/** Milliseconds that every request takes longer with a sidecar between TLS and TLS, as measured on a real cluster. */
const SIDECAR_DELAY_MS = 900;

/** A verdict that the speedup alone has decided, and what may be behind it. */
const SPEED_RULES: readonly Rule[] = [
  {
    cause: 'istio.sidecar-latency',
    title: 'Every answer takes about a second longer, as with a sidecar in front of TLS',
    looksLike:
      'the speedup fails, the p50 of both arms is about a second or more, and pods that serve TLS have an istio-proxy',
    confidence: 'probable',
    family: 'measurement',
    match(evidence) {
      const { failure, report } = evidence;
      const arms = report.benchmark?.arms;
      const slow = [arms?.one.latencyMs, arms?.all.latencyMs].every(
        (each) => each != null && each.p50.value >= SIDECAR_DELAY_MS,
      );
      const containers = containersOf(evidence, 'replica').map(({ container }) => container);
      const sidecar = containers.some(({ name }) => name === 'istio-proxy');
      const tls = containers.some(({ command }) => /--ssl-certfile/.test(command));
      if (failure || report.verdict !== 'fail' || !slow || !sidecar || !tls) return null;
      return {
        seen: [
          `p50 of one replica ${Math.round(arms?.one.latencyMs?.p50.value ?? 0)} ms, of all ${Math.round(arms?.all.latencyMs?.p50.value ?? 0)} ms`,
        ],
        explanation:
          'Both arms answer about a second late, and the replicas serve TLS behind an injected sidecar: reported as a constant delay on such clusters, for an unknown reason.',
      };
    },
    remedy: ({ report }) =>
      `Take the sidecars off the namespace and measure again: kubectl label namespace ${report.plan.namespace} istio-injection-`,
  },
];

/** Answers that are worse do not become right in a quiet measurement. */
function failsByAnswers({ verdict, comparisons = [] }: Evidence['report']): boolean {
  return verdict === 'fail' && comparisons.some((comparison) => comparison.verdict === 'worse-answers');
}

export const MEASUREMENT_RULES: readonly Rule[] = [
  REPLICA_REMOVED_RULE,
  ...DISTURBANCES.map(
    ({ vetoes, unless, says, cause, title, looksLike, remedy }): Rule => ({
      cause,
      title,
      looksLike,
      confidence: 'probable',
      family: 'measurement',
      match({ failure, report }) {
        const all = report.benchmark?.vetoes ?? [];
        const found = all.filter(({ id, message }) => vetoes.includes(id) && (!says || says.test(message)));
        const [first] = found;
        if (failure || !first || all.some(({ id }) => id === unless) || failsByAnswers(report)) return null;
        return { seen: found.map(({ id, message }) => `${id}: ${message}`), explanation: first.message };
      },
      remedy: () => remedy,
    }),
  ),
  ...SPEED_RULES,
];
