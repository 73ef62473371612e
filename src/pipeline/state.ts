import type { ActionsIo } from '../clients/runner/actions.ts';
import { Failure } from '../lib/failure.ts';
import type { DeploymentRef } from '../publish/deployment.ts';
import type { LeaseState } from '../stages/context.ts';

/** What the main step leaves to the post step. */
export interface SavedState {
  /** Null when no node was asked for. */
  lease: LeaseState | null;
  /** The GitHub Deployment that was announced; null without one. */
  deployment: DeploymentRef | null;
  outputDir: string;
  /** Distinguishes the legs of a matrix. */
  commentId: string;
}

/** Saves a part of the state, at once and synchronously: the next moment may be the last. */
export type SaveState = (part: Partial<SavedState>) => void;

/** Saves into the runner's state. */
export function runnerState({ saveState }: Pick<ActionsIo, 'saveState'>): SaveState {
  return (part) => {
    for (const [name, value] of Object.entries(part)) {
      saveState(name, typeof value === 'string' ? value : JSON.stringify(value));
    }
  };
}

/** Reads what the main step saved. Throws a Failure (`bad-state`) for text that the gate did not write. */
export function readState({ getState }: Pick<ActionsIo, 'getState'>): SavedState {
  return {
    lease: parsed<LeaseState>('lease', getState('lease')),
    deployment: parsed<DeploymentRef>('deployment', getState('deployment')),
    outputDir: getState('outputDir'),
    commentId: getState('commentId'),
  };
}

function parsed<T>(name: keyof SavedState, text: string): T | null {
  if (text === '') return null;
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new Failure({
      stage: 'release',
      code: 'bad-state',
      message: `The runner's state "${name}" cannot be read, so the post step cannot release what the main step leased.`,
      hint: 'Run "tpu-serving-gate cleanup" with the cluster and the node pool.',
      cause,
    });
  }
}
