import type { Emit, ProgressEvent } from '../../../src/progress/events.ts';

/** A run in short, each event with the second at which it happened. */
export const RECORDED: readonly [seconds: number, event: ProgressEvent][] = [
  [0, { type: 'stage-start', stage: 'preflight', title: 'Preflight', usualMs: null, limitMs: null }],
  [1, { type: 'fact', stage: 'preflight', text: 'authenticated by direct workload identity federation' }],
  [2, { type: 'stage-end', stage: 'preflight', outcome: 'done', summary: '9 objects accepted', durationMs: 2_000 }],
  [
    2,
    {
      type: 'stage-start',
      stage: 'lease',
      title: 'Lease node pool v6e 0 → 3',
      usualMs: 600_000,
      limitMs: 2_400_000,
    },
  ],
  [2, { type: 'stage-start', stage: 'deploy', title: 'Deploy qwen', usualMs: null, limitMs: null }],
  [3, { type: 'fact', stage: 'deploy', text: 'applied LLMInferenceService qwen in ns' }],
  [4, waiting('0 of 3 nodes Ready', 2)],
  [4, { type: 'stage-end', stage: 'deploy', outcome: 'done', summary: '9 objects applied', durationMs: 2_000 }],
  [9, waiting('0 of 3 nodes Ready', 7)],
  [14, waiting('0 of 3 nodes Ready', 12)],
  [20, waiting('1 of 3 nodes Ready', 18)],
  [49, waiting('1 of 3 nodes Ready', 47)],
  [50, waiting('1 of 3 nodes Ready', 48)],
  [330, waiting('1 of 3 nodes Ready', 328)],
  [365, waiting('1 of 3 nodes Ready', 363)],
  [391, waiting('1 of 3 nodes Ready', 389)],
  [400, { type: 'warning', text: 'Cluster: 503; try 2 of 6' }],
  [3_723, { type: 'stage-end', stage: 'lease', outcome: 'failed', summary: 'No TPU capacity.', durationMs: 3_721_000 }],
  [3_723, { type: 'round', stage: 'benchmark', text: 'pair 1 of 6–15: 2.71×' }],
  [3_724, { type: 'closing', verdict: 'error', lines: ['verdict    error', '', 'why        No TPU capacity.'] }],
];

function waiting(seen: string, seconds: number): ProgressEvent {
  return {
    type: 'waiting',
    stage: 'lease',
    what: '3 Ready nodes',
    seen,
    elapsedMs: seconds * 1_000,
    limitMs: 2_400_000,
  };
}

/** Plays events into a renderer; `lines` is what it wrote. */
export function play(
  renderer: (options: { write: (line: string) => void; now: () => number }) => Emit,
  events: readonly (readonly [number, ProgressEvent])[],
  lines: string[],
): string[] {
  let now = 0;
  const emit = renderer({ write: (line) => lines.push(line), now: () => now });
  for (const [seconds, event] of events) {
    now = seconds * 1_000;
    emit(event);
  }
  return lines;
}
