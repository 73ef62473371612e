/** One line for a thrown value, with the code and the text of its cause where there is one. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  // Node rejects a connection to a name with several addresses by an AggregateError without a message.
  const text = error.message || codeOf(error) || error.name;
  const detail = cause instanceof Error && cause.message !== error.message ? cause.message : '';
  const suffix = [codeOf(cause), detail].filter((part) => part !== '').join(': ');
  return suffix === '' ? text : `${text} (${suffix})`;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** Whether an AbortSignal ended what was under way. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
