export const COMPLETIONS = '/v1/completions';
/** For each timed request, from its send to its last byte. */
export const REQUEST_DEADLINE_MS = 60_000;
