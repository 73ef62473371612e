import type { StepName } from '../init/steps.ts';

/** What is known of one thing that has to be set up. */
export type State = 'ok' | 'missing' | 'not-checked';

/** One line of the doctor. */
export interface Finding {
  title: string;
  state: State;
  /** What was seen, or why nothing was. */
  seen: string;
  /** The command that sets it up, or a sentence on what to do; null where nothing is to do. */
  remedy: string | null;
}

export const ok = (title: string, seen: string): Finding => ({ title, state: 'ok', seen, remedy: null });

export const missing = (title: string, seen: string, remedy: string): Finding => ({
  ...{ title, state: 'missing', seen, remedy },
});

export const notChecked = (title: string, why: string): Finding => ({
  ...{ title, state: 'not-checked', seen: why, remedy: null },
});

/** The commands of the steps of `init`, by which a finding names the one that is missing. */
export type Commands = (step: StepName, index?: number) => string;
