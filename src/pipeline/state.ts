import type { ActionsIo } from '../clients/runner/actions.ts';
import { fromJson, name, object, whole } from '../lib/decode.ts';
import type { DeploymentRef } from '../publish/deployment.ts';
import type { LeaseState } from '../stages/context.ts';
import { parseState } from '../stages/lease/lease-record.ts';

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

/** What is saved before there is a lease. An empty value is what remains of a state that was lost. */
const NO_LEASE = 'none';

/** Saves into the runner's state. */
export function runnerState({ saveState }: Pick<ActionsIo, 'saveState'>): SaveState {
  return (part) => {
    for (const [name, value] of Object.entries(part)) {
      if (name === 'lease' && value === null) saveState(name, NO_LEASE);
      else saveState(name, typeof value === 'string' ? value : JSON.stringify(value));
    }
  };
}

/** What is left of the state. */
export interface FoundState extends SavedState {
  /** Whether the main step saved nothing, or what it saved of the lease cannot be read: then only the cluster knows. */
  lost: boolean;
}

/** Reads what the main step saved. Never throws: whatever cannot be read is `lost`, and the nodes still have to go. */
export function readState({ getState }: Pick<ActionsIo, 'getState'>): FoundState {
  const text = getState('lease');
  const lease = text === '' ? null : parseState(text);
  return {
    lease,
    deployment: deploymentIn(getState('deployment')),
    outputDir: getState('outputDir'),
    commentId: getState('commentId'),
    // The main step saves that it has no lease before anything else.
    lost: lease === null && text !== NO_LEASE,
  };
}

const DEPLOYMENT = object({ repository: name, id: whole });

/** Null for what is not a deployment. One that cannot be read stays as it is on GitHub. */
function deploymentIn(text: string): DeploymentRef | null {
  try {
    return DEPLOYMENT(fromJson(text), '');
  } catch {
    return null;
  }
}
