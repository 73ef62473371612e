import type { Blame } from '../../lib/causes.ts';
import { redactSecrets } from '../../lib/redact.ts';
import type { Surroundings } from './surroundings.ts';

/** Why a wait cannot end well. */
export interface Stuck {
  code: 'pods-unschedulable' | 'not-healing';
  message: string;
  hint: string;
  blame: Blame;
  /** Object, type, reason and message of the condition that shows it. */
  evidence?: Record<string, unknown>;
}

/** Something that ends a wait when it stays as it is. */
export interface Sign {
  /** Equal for as long as it is the same. */
  key: string;
  /** Where it was seen. */
  part: keyof Surroundings | 'pods';
  /** How long it must stay, in milliseconds. */
  settleMs: number;
  found: Stuck;
  /** For the line of the wait; null where the states of the pods show it. */
  shows: string | null;
}

/** What concerns pods is final when it has stayed for this long: kubelet, scheduler and controllers try again by then. */
export const SETTLED_MS = 30_000;

/** A sign that names a state of the pods, or of what they need. */
export function podSign(part: Sign['part'], key: string, message: string, hint: string): Sign {
  const found: Stuck = { code: 'not-healing', message: sentence(bounded(message)), hint, blame: 'change' };
  return { key, part, settleMs: SETTLED_MS, found, shows: null };
}

/** A message fills no more than this of a line: some hold a whole status. */
const LONGEST = 400;

/** Text from the cluster, of bounded length and without what looks like a credential. */
export function bounded(text: string): string {
  const shown = redactSecrets(text.slice(0, LONGEST * 4));
  return shown.length <= LONGEST ? shown : `${shown.slice(0, LONGEST - 1)}…`;
}

/** The text with one full stop at its end. */
export function sentence(text: string): string {
  return `${text.replace(/[.\s]+$/, '')}.`;
}
