import type { GooglePlace } from '../../clients/google/refusals.ts';
import { NODE_REFUSALS } from '../../clients/google/refusals.ts';
import { Failure } from '../../lib/failure.ts';
import { type Refusal, rowFor } from '../../lib/refusal.ts';

/** What each cause says of the nodes that were asked for. */
const SAID: Readonly<Record<string, (asked: string) => string>> = {
  'gke-stockout': (asked) => `The zone has no TPU capacity for ${asked}`,
  'gke-quota': (asked) => `The project's TPU quota does not allow ${asked}`,
  'gke-reservation': (asked) => `The reservation of the pool cannot be used for ${asked}`,
  'gke-reservation-full': (asked) => `The reservation of the pool has no room for ${asked}`,
  'gke-ip-space': (asked) => `The subnet has no IP addresses left for ${asked}`,
  'gke-gang-size': (asked) => `The pool is one slice of several hosts and cannot be set to ${asked}`,
  'gke-org-policy': (asked) => `A policy of the organisation forbids ${asked}`,
};

/** What was asked for when nodes were refused, and how many are there. */
interface Asked {
  asked: number;
  got: number;
  pool: string;
  place: GooglePlace;
}

/** The cause that Google's words for nodes that cannot be had name; null for words that name none. */
export function refusedNodes(text: string, { asked, got, pool, place }: Asked): Failure | null {
  const base = { stage: 'lease', evidence: { text, asked, got } } as const;
  const arrived = arrivedText(asked, got);
  const refusal: Refusal = { status: null, reasons: [], text };
  const row = rowFor(NODE_REFUSALS, refusal);
  const said = SAID[row?.code ?? ''];
  if (row && said) {
    return new Failure({
      ...base,
      code: row.code,
      message: `${said(`${asked} nodes of ${pool}`)}${arrived}.`,
      hint: row.remedy(refusal, place),
    });
  }
  if (/permission|forbidden|service account/i.test(text)) {
    return new Failure({
      ...base,
      code: 'gke-node-permission',
      message: `GKE lacks a permission to create the nodes of ${pool}${arrived}.`,
      hint: 'Check the service account of the node pool.',
    });
  }
  return null;
}

function arrivedText(asked: number, got: number): string {
  return got > 0 ? `; ${got} of ${asked} nodes arrived` : '';
}

/** The error text of a failed resize as a cause; the texts are GKE's (field names in the operation's error). */
export function resizeFailure(text: string, asked: number, seen: number, pool: string, place: GooglePlace): Failure {
  // The group counts machines that have not become nodes yet.
  const running = Number(/Expected \d+, running (\d+)/.exec(text)?.[1] ?? 0);
  const got = Math.max(seen, running);
  const known = refusedNodes(text, { asked, got, pool, place });
  if (known) return known;
  const base = { stage: 'lease', evidence: { text, asked, got } } as const;
  if (got > 0) {
    return new Failure({
      ...base,
      code: 'gke-partial',
      message: `Only ${got} of ${asked} nodes of ${pool} arrived: ${text}`,
      hint: 'Run again later. What arrived is released; it may be under repair for a while, which the release waits for.',
    });
  }
  return new Failure({
    ...base,
    code: 'gke-resize-failed',
    message: `The resize of ${pool} to ${asked} nodes failed${arrivedText(asked, got)}: ${text}`,
  });
}
