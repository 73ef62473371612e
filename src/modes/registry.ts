import type { ActionsIo } from '../clients/runner/actions.ts';
import { isRunMode, MODE_NAMES, type ModeName, modeOfEvent, type RunMode } from '../lib/modes.ts';
import type { Story } from '../pipeline/execute.ts';

/** One step of the action, for a mode that runs no stages. Returns the exit code. */
type Step = (io: ActionsIo, env: Readonly<Record<string, string | undefined>>) => Promise<number>;

/** A nightly run measures as `validate` does, with a fixed number of pairs; `restore` deploys the baseline, Pattern 1. */
const measure = async () => (await import('./validate.ts')).measure;
const serve = async () => (await import('./deploy.ts')).serve;

/** The code of each mode, loaded when it is asked for: a refused input pays for none of it. */
const STORIES: Readonly<Record<RunMode, () => Promise<Story>>> = {
  validate: measure,
  nightly: measure,
  preflight: async () => (await import('./preflight.ts')).look,
  deploy: serve,
  restore: serve,
};
const STEPS: Readonly<Record<Exclude<ModeName, RunMode>, () => Promise<Step>>> = {
  cleanup: async () => (await import('./cleanup.ts')).cleanUp,
  report: async () => (await import('./report.ts')).publishResult,
  command: async () => (await import('./command.ts')).answerCommand,
};

/** What a mode that runs stages does. */
export function storyOf(name: RunMode): Promise<Story> {
  return STORIES[name]();
}

/** The step of a mode that runs no stages; null for one that runs stages. */
export async function stepOf(name: ModeName): Promise<Step | null> {
  return isRunMode(name) ? null : STEPS[name]();
}

/** The mode that the input asks for, `auto` by the event; null for a text that names no mode. */
export function modeOf(input: string | undefined, event: string | undefined): ModeName | null {
  const text = input?.trim() || 'auto';
  return text === 'auto' ? modeOfEvent(event) : (MODE_NAMES.find((known) => known === text) ?? null);
}
