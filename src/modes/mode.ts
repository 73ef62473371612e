import type { ActionsIo } from '../clients/runner/actions.ts';
import type { ModeTraits } from '../lib/modes.ts';
import type { Story } from '../pipeline/execute.ts';

/** A mode that runs stages: what it does is a story. */
export interface RunMode {
  traits: ModeTraits;
  story: Story;
}

/** A mode that runs no stages: one step of the action. Returns the exit code. */
export interface StepMode {
  traits: ModeTraits;
  step: (io: ActionsIo, env: Readonly<Record<string, string | undefined>>) => Promise<number>;
}
