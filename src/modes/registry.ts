import { MODE_NAMES, type ModeName, modeOfEvent, type RunMode as RunModeName } from '../lib/modes.ts';
import type { Story } from '../pipeline/execute.ts';
import { cleanup } from './cleanup.ts';
import { deploy } from './deploy.ts';
import type { RunMode, StepMode } from './mode.ts';
import { nightly } from './nightly.ts';
import { preflight } from './preflight.ts';
import { report } from './report.ts';
import { restore } from './restore.ts';
import { validate } from './validate.ts';

/** Every mode by its name. */
const REGISTRY = { validate, nightly, preflight, deploy, restore, cleanup, report } satisfies Record<
  RunModeName,
  RunMode
> &
  Record<Exclude<ModeName, RunModeName>, StepMode>;

/** What a mode that runs stages does. */
export function storyOf(name: RunModeName): Story {
  return REGISTRY[name].story;
}

/** The mode that the input asks for, `auto` by the event; null for a text that names no mode. */
export function modeOf(input: string | undefined, event: string | undefined): RunMode | StepMode | null {
  const text = input?.trim() || 'auto';
  const name = text === 'auto' ? modeOfEvent(event) : MODE_NAMES.find((known) => known === text);
  return name ? REGISTRY[name] : null;
}
