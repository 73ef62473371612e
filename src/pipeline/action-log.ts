import type { ActionsIo } from '../clients/runner/actions.ts';
import { systemClock } from '../lib/poll.ts';
import { actionsRenderer } from '../progress/actions.ts';
import type { Emit } from '../progress/events.ts';

/** The log of a step of the action, in groups. */
export function stepLog({ info: write, startGroup, endGroup }: ActionsIo): Emit {
  return actionsRenderer({ write, startGroup, endGroup, now: systemClock.now });
}
