/** Of a result file, what shows how the load generator fared. */
export interface MeasuredResult {
  verdict: string;
  benchmark?: {
    vetoes: readonly { id: string }[];
    client?: { stalledShare: number; sendLagP99Ms: number; eventLoopUtilization: number } | null;
  } | null;
}

/** Vetoes with which a run says that its own machine held the load back. */
const OF_THE_MACHINE: ReadonlySet<string> = new Set(['starved', 'send-lag', 'event-loop']);

/**
 * How busy this machine was, in words, where that alone invalidated a run; otherwise null. The lab shares the machine
 * with the gate, so that neither is to blame.
 */
export function tooBusy({ verdict, benchmark }: MeasuredResult): string | null {
  const vetoes = benchmark?.vetoes ?? [];
  if (verdict !== 'invalid' || vetoes.length === 0) return null;
  if (!vetoes.every(({ id }) => OF_THE_MACHINE.has(id))) return null;
  const { stalledShare = 0, sendLagP99Ms = 0, eventLoopUtilization = 0 } = benchmark?.client ?? {};
  const has = (id: string) => vetoes.some((veto) => veto.id === id);
  const parts = [
    ...(has('starved') ? [`${percent(stalledShare)} stalled`] : []),
    ...(has('send-lag') ? [`requests sent up to ${sendLagP99Ms.toFixed(1)} ms late`] : []),
    ...(has('event-loop') ? [`load generator ${percent(eventLoopUtilization)} busy`] : []),
  ];
  return parts.join(', ');
}

const percent = (share: number) => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
