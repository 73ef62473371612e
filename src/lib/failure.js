/** The one error class: what failed (`message`), why it most likely did and what to do (`hint`). */
export class Failure extends Error {
  stage;
  code;
  hint;
  blame;
  evidence;
  constructor(details) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'Failure';
    this.stage = details.stage;
    this.code = details.code;
    this.hint = details.hint;
    this.blame = details.blame ?? 'gate';
    this.evidence = details.evidence ?? {};
  }
}
/** Any thrown value as a Failure of the given stage; a Failure passes through unchanged. */
export function toFailure(error, stage) {
  if (error instanceof Failure) return error;
  return new Failure({ stage, code: 'unexpected', message: errorText(error), cause: error });
}
/** The same failure, told of the stage in which it happened: clients do not know who calls them. */
export function atStage(error, stage) {
  const failure = toFailure(error, stage);
  if (failure.stage === stage) return failure;
  const { code, message, hint, blame, cause, evidence } = failure;
  return new Failure({ stage, code, message, ...(hint === undefined ? {} : { hint }), blame, cause, evidence });
}
/** One line for an unknown thrown value, with the network cause code where there is one. */
export function errorText(error) {
  if (!(error instanceof Error)) return String(error);
  // Node rejects a connection to a name with several addresses by an AggregateError without a message.
  const text = error.message || codeOf(error) || error.name;
  const cause = error.cause;
  const code = codeOf(cause);
  const detail = cause instanceof Error && cause.message && cause.message !== error.message ? cause.message : undefined;
  const suffix = [code, detail].filter((part) => part !== undefined).join(': ');
  return suffix ? `${text} (${suffix})` : text;
}
function codeOf(error) {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
/** True for the abort of an AbortSignal (ours or a platform TimeoutError's sibling). */
export function isAbort(error) {
  return error instanceof Error && error.name === 'AbortError';
}
/** Any error as text, with what to do where it says so. */
export function adviceText(error) {
  const hint = error instanceof Failure && error.hint ? ` ${error.hint}` : '';
  return `${errorText(error)}${hint}`;
}
