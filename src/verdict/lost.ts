import { percentUpTo } from '../lib/number.ts';
import type { Finding, LoadArm } from '../report/model.ts';
import type { ArmEvidence, BlockEvidence } from './evidence.ts';
import { LIMITS } from './limits.ts';
import { ARM_TITLE } from './plausibility.ts';
import { judgeCluster } from './plausibility-cluster.ts';

/** The requests of the pairs that are left, in multiples of as many as those until now: a system may become faster. */
const FASTER = 2;

/** A measurement that goes on. */
export interface SoFar {
  arms: Readonly<Partial<Record<LoadArm, Pick<ArmEvidence, 'requests' | 'errors' | 'unreadable'>>>>;
  blocks: readonly BlockEvidence[];
  /** Pairs that were measured, and that are measured at most. */
  pairs: number;
  maxPairs: number;
}

/**
 * Why no further pair can make a measurement count, as one sentence; null where one may. Each veto over a single block
 * stays, and so does an answer that could not be read. Errors have a limit over the whole arm: they are too many for good
 * once they are for as many requests as the arm can still have.
 */
export function lostBy({ arms, blocks, pairs, maxPairs }: SoFar): string | null {
  const vetoes: string[] = [];
  judgeCluster(
    { blocks },
    ARM_TITLE,
    (_, message) => void vetoes.push(message),
    () => {},
  );
  if (vetoes[0] !== undefined) return vetoes[0];
  for (const [name, { requests, errors, unreadable }] of Object.entries(arms)) {
    const title = ARM_TITLE[name as LoadArm];
    if (unreadable > 0) return `Answers of the ${title} could not be read: ${unreadable}.`;
    const left = (FASTER * requests * Math.max(0, maxPairs - pairs)) / Math.max(1, pairs);
    if (errors > LIMITS.errorRate * (requests + left)) {
      return `${errors} of ${requests} requests failed in the ${title}, more than ${percentUpTo(LIMITS.errorRate)} of all that it can have.`;
    }
  }
  return null;
}

/**
 * The vetoes of a measurement that was broken off: where others stand, those for requests that were not sent any more are
 * left out.
 */
export function vetoesOfPart(vetoes: readonly Finding[]): Finding[] {
  const others = vetoes.filter(({ id }) => id !== 'too-few-requests');
  return others.length > 0 ? others : [...vetoes];
}
