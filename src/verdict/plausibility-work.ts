import { percentUpTo } from '../lib/number.ts';
import type { BlockEvidence, BlockRule, PodCounters, PodEdges, TokenCount } from './evidence.ts';
import { LIMITS } from './limits.ts';
import { served } from './plausibility-gateway.ts';

/**
 * Work is counted, not believed. vLLM adds to `vllm:prompt_tokens_total` when the first token of a request is out, and to
 * `vllm:generation_tokens_total` with each token, whether the request ends or not (v1/metrics/stats.py,
 * IterationStats). So these two also show the work of requests that are in no count of finished ones.
 */
export const WORK_RULES: readonly BlockRule[] = [
  { id: 'work-missing', kind: 'veto', judge: missing },
  { id: 'foreign-work', kind: 'veto', judge: foreign },
  { id: 'busy-at-edges', kind: 'veto', judge: busyAtEdges },
  { id: 'replicas-changed', kind: 'veto', judge: changed },
  { id: 'work-uncounted', kind: 'warning', judge: uncounted },
  { id: 'load-unobserved', kind: 'warning', judge: unobserved },
];

const KINDS = [
  { kind: 'generation', title: 'generated tokens' },
  { kind: 'prompt', title: 'prompt tokens' },
] as const satisfies readonly { kind: keyof TokenCount; title: string }[];

const COUNTERS = { prompt: 'promptTokens', generation: 'generationTokens' } as const satisfies Record<
  keyof TokenCount,
  keyof PodCounters
>;

function missing(block: BlockEvidence): string | null {
  for (const { kind, title } of KINDS) {
    const counted = countedTotal(block, kind);
    const least = block.ordered.least[kind];
    if (counted === null || counted >= least * (1 - LIMITS.countedTokens)) continue;
    const short = percentUpTo(1 - counted / least);
    return `The answers report ${least} ${title}, and the replicas count ${counted}, ${short} less${worst(block, kind, -1)}`;
  }
  return null;
}

function foreign(block: BlockEvidence): string | null {
  for (const { kind, title } of KINDS) {
    const counted = countedTotal(block, kind);
    const most = block.ordered.most[kind];
    if (counted === null || !Number.isFinite(most) || counted <= most * (1 + LIMITS.countedTokens)) continue;
    const over = `${counted - most} were for requests of someone else`;
    return `The replicas count ${counted} ${title}, and at most ${most} were ordered: ${over}${worst(block, kind, 1)}`;
  }
  return null;
}

/** The replica whose tokens fit its finished requests least, where one stands out. */
function worst(block: BlockEvidence, kind: keyof TokenCount, sign: 1 | -1): string {
  const answered = block.sent - block.unanswered;
  if (answered <= 0) return '';
  const each = block.ordered.least[kind] / answered;
  const off = block.pods.map((edges) => ({
    pod: edges.pod,
    by: sign * ((countedOn(edges, kind) ?? 0) - (served(edges) ?? 0) * each),
  }));
  const first = off.toSorted((a, b) => b.by - a.by)[0];
  return first && first.by > 0 ? `; ${first.pod} is off by ${Math.round(first.by)}` : '';
}

/** Between blocks nothing of the gate is in flight: what runs then, and still runs a block later, is not its own. */
function busyAtEdges(block: BlockEvidence): string | null {
  const busy = block.pods.filter(({ before, after }) => load(before) > 0 && load(after) > 0);
  if (busy.length === 0) return null;
  const list = busy.map(({ pod, before, after }) => `${pod} had ${load(before)} and ${load(after)}`).join(', ');
  return `Requests that are not the gate’s were running or waiting before and after a block: ${list}`;
}

function load(counters: PodCounters | null): number {
  return (counters?.running ?? 0) + (counters?.waiting ?? 0);
}

function changed({ changed: { added, gone } }: BlockEvidence): string | null {
  const parts = [
    ...(gone.length > 0 ? [`${gone.join(', ')} went away`] : []),
    ...(added.length > 0 ? [`${added.join(', ')} came, which nothing has verified`] : []),
  ];
  return parts.length === 0 ? null : `The replicas changed during the measurement: ${parts.join('; ')}`;
}

function uncounted(block: BlockEvidence): string | null {
  const blind = withBoth(block).filter(({ before, after }) =>
    KINDS.some(({ kind }) => before[COUNTERS[kind]] === null || after[COUNTERS[kind]] === null),
  );
  if (blind.length === 0) return null;
  const names = blind.map(({ pod }) => pod).join(', ');
  return `${names} exports no vllm:prompt_tokens_total and vllm:generation_tokens_total: the work is not proven`;
}

function unobserved(block: BlockEvidence): string | null {
  const blind = withBoth(block).filter(({ before, after }) =>
    [before, after].some(({ running, waiting }) => running === null || waiting === null),
  );
  if (blind.length === 0) return null;
  const names = blind.map(({ pod }) => pod).join(', ');
  return `${names} exports no vllm:num_requests_running and vllm:num_requests_waiting: other load is not ruled out`;
}

function withBoth({ pods }: BlockEvidence) {
  return pods.flatMap(({ pod, before, after }) => (before && after ? [{ pod, before, after }] : []));
}

/** Over all pods; null unless every reading is there and none went back. */
function countedTotal(block: BlockEvidence, kind: keyof TokenCount): number | null {
  const deltas = block.pods.map((edges) => countedOn(edges, kind));
  if (deltas.length === 0 || deltas.some((delta) => delta === null || delta < 0)) return null;
  return deltas.reduce<number>((sum, delta) => sum + (delta ?? 0), 0);
}

function countedOn({ before, after }: PodEdges, kind: keyof TokenCount): number | null {
  const [from, to] = [before?.[COUNTERS[kind]] ?? null, after?.[COUNTERS[kind]] ?? null];
  return from === null || to === null ? null : to - from;
}
