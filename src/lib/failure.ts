import type { Blame } from './causes.ts';
import { ownerOfCode } from './owners.ts';

export type FailureStage =
  | 'inputs'
  | 'preflight'
  | 'lease'
  | 'deploy'
  | 'ready'
  | 'verify'
  | 'benchmark'
  | 'report'
  | 'release';

export interface FailureDetails {
  stage: FailureStage;
  /** Stable, kebab-case, e.g. `gke-stockout`. */
  code: string;
  /** What failed, as one sentence. */
  message: string;
  /** The most likely reason and what to do about it. */
  hint?: string;
  /** Who acts, where that depends on what was found. The table of causes has who usually does, by `code`. */
  blame?: Blame;
  cause?: unknown;
  /** Structured facts seen at the time of failure, for the diagnosis. */
  evidence?: Record<string, unknown>;
}

/** The one error class: what failed (`message`), why it most likely did and what to do (`hint`). */
export class Failure extends Error {
  readonly stage: FailureStage;
  readonly code: string;
  readonly hint: string | undefined;
  readonly blame: Blame;
  readonly evidence: Record<string, unknown>;

  constructor(details: FailureDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'Failure';
    this.stage = details.stage;
    this.code = details.code;
    this.hint = details.hint;
    this.blame = ownerOfCode(details.code, details.blame);
    this.evidence = details.evidence ?? {};
  }
}

/** Any thrown value as a Failure of the given stage; a Failure passes through unchanged. */
export function toFailure(error: unknown, stage: FailureStage): Failure {
  if (error instanceof Failure) return error;
  return new Failure({ stage, code: 'unexpected', message: errorText(error), cause: error });
}

/** The same failure, told of the stage in which it happened: clients do not know who calls them. */
export function atStage(error: unknown, stage: FailureStage): Failure {
  const failure = toFailure(error, stage);
  if (failure.stage === stage) return failure;
  const { code, message, hint, blame, cause, evidence } = failure;
  return new Failure({ stage, code, message, ...(hint === undefined ? {} : { hint }), blame, cause, evidence });
}

/** One line for an unknown thrown value, with the network cause code where there is one. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Node rejects a connection to a name with several addresses by an AggregateError without a message.
  const text = error.message || codeOf(error) || error.name;
  const cause = error.cause;
  const code = codeOf(cause);
  const detail = cause instanceof Error && cause.message && cause.message !== error.message ? cause.message : undefined;
  const suffix = [code, detail].filter((part) => part !== undefined).join(': ');
  return suffix ? `${text} (${suffix})` : text;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Whether the same request may succeed later: the server refused it for now, or the connection was lost. */
export function isRetryable(error: unknown): boolean {
  return error instanceof Failure && error.evidence.retryable === true;
}

/** True for the abort of an AbortSignal (ours or a platform TimeoutError's sibling). */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

/** Any error as text, with what to do where that is known. */
export function adviceText(error: unknown): string {
  const hint = error instanceof Failure && error.hint ? ` ${error.hint}` : '';
  return `${errorText(error)}${hint}`;
}
