import type { PodSummary } from './model.ts';

/** Digests that are listed: replicas of one stack have one. */
const MOST = 3;

/** The digests that the pods of a role run, in order, from the imageID of each; null where none is known. */
export function digestOf(pods: readonly PodSummary[], role: PodSummary['role']): string | null {
  const own = pods.filter((pod) => pod.role === role).flatMap(({ imageId }) => imageId ?? []);
  const digests = own.flatMap((id) => /sha256:[0-9a-f]{64}$/.exec(id)?.[0] ?? []);
  return [...new Set(digests)].sort().slice(0, MOST).join(', ') || null;
}
