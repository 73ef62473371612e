import type { ServingFaults } from '../scenarios/types.ts';
import type { Candidate, Picker } from './picker.ts';
import { hash32, type Random } from './random.ts';

/** A picker that responds like a healthy one and chooses badly; null without such a fault. */
export function misleading(kind: ServingFaults['picker'], random: Random): Picker | null {
  const choose: Partial<Record<ServingFaults['picker'], (body: Buffer, candidates: Candidate[]) => number>> = {
    'one-pod': () => 0,
    // The same prompt goes to the same pod, which a test with one prompt would call affinity.
    'whole-prompt': (body, { length }) => hash32(body.toString()) % length,
    random: (_body, { length }) => Math.floor(random() * length),
  };
  const by = choose[kind];
  if (!by) return null;
  return {
    pick(body, candidates) {
      const sorted = [...candidates].sort((a, b) => a.name.localeCompare(b.name));
      const chosen = sorted[by(body, sorted)];
      return chosen ? { pod: chosen.name } : null;
    },
  };
}
