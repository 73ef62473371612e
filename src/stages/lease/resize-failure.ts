import { Failure } from '../../lib/failure.ts';

/** The error text of a failed resize as a cause; the texts are GKE's (field names in the operation's error). */
export function resizeFailure(text: string, asked: number, seen: number, pool: string): Failure {
  // The group counts machines that have not become nodes yet.
  const running = Number(/Expected \d+, running (\d+)/.exec(text)?.[1] ?? 0);
  const got = Math.max(seen, running);
  const evidence = { text, asked, got };
  const base = { stage: 'lease', evidence } as const;
  const arrived = got > 0 ? `; ${got} of ${asked} nodes arrived` : '';
  if (/stockout|resource_pool_exhausted|resource pool exhausted|does not have enough resources/i.test(text)) {
    return new Failure({
      ...base,
      code: 'gke-stockout',
      message: `The zone has no TPU capacity for ${asked} nodes of ${pool}${arrived}.`,
      hint: 'Run again later, or use a reservation or another zone. The change under review is not at fault.',
      blame: 'cloud',
    });
  }
  if (/quota/i.test(text)) {
    return new Failure({
      ...base,
      code: 'gke-quota',
      message: `The project's TPU quota does not allow ${asked} nodes of ${pool}${arrived}.`,
      hint: 'Ask for more of the quota named in the evidence (compute.googleapis.com), or lease fewer nodes.',
      blame: 'config',
    });
  }
  if (/permission|forbidden|service account/i.test(text)) {
    return new Failure({
      ...base,
      code: 'gke-node-permission',
      message: `GKE could not create the nodes of ${pool} for want of a permission${arrived}.`,
      hint: 'Check the service account of the node pool.',
      blame: 'config',
    });
  }
  if (got > 0) {
    return new Failure({
      ...base,
      code: 'gke-partial',
      message: `Only ${got} of ${asked} nodes of ${pool} arrived: ${text}`,
      hint: 'Run again later. What arrived is given back; it may be under repair for a while, which the release waits for.',
      blame: 'cloud',
    });
  }
  return new Failure({
    ...base,
    code: 'gke-resize-failed',
    message: `The resize of ${pool} to ${asked} nodes failed${arrived}: ${text}`,
    blame: 'cloud',
  });
}
