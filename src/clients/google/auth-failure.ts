import type { AuthMethod } from '../../inputs/parsers/identity.ts';
import { errorText, Failure } from '../../lib/failure.ts';
import { redactSecrets } from '../../lib/redact.ts';
import { type Refusal, usualRemedy } from '../../lib/refusal.ts';
import { NO_ID_TOKEN, TOKEN_REFUSALS, type TokenPlace, tokenRow } from './token-refusals.ts';

interface Asked {
  method: AuthMethod;
  projectId: string;
  env: Readonly<Record<string, string | undefined>>;
}

/** Any error on the way to a token as a Failure that says whose it is and what to run. No text of a token is in it. */
export function authFailure(error: unknown, { method, projectId, env }: Asked): Failure {
  if (error instanceof Failure) return error;
  const refusal = tokenRefusal(error, env.ACTIONS_ID_TOKEN_REQUEST_URL);
  const place: TokenPlace = {
    project: projectId,
    provider: method.kind === 'workload-identity' ? method.provider : null,
    account: accountOf(method),
    workflow: env.GITHUB_ACTIONS === 'true',
  };
  const { code, hint } = meaningOf(refusal, place, isTransient(error));
  // No cause: its text would be shown beside the message, and the library's texts quote what they could not read.
  return new Failure({
    stage: 'preflight',
    code,
    message: SAID[code] ?? `Could not get a Google access token: ${refusal.text.replace(/\.+$/, '')}.`,
    ...(hint ? { hint } : {}),
    evidence: { reason: refusal.reasons[0] },
  });
}

/** In place of the library's sentence, which sends its reader to a page for programmers. */
const SAID: Readonly<Record<string, string>> = {
  'gcp-no-credentials': 'No input names an identity, and there are no application default credentials.',
};

function meaningOf(refusal: Refusal, place: TokenPlace, passes: boolean): Pick<Failure, 'code' | 'hint'> {
  const row = tokenRow(refusal);
  if (row) return { code: row.code, hint: row.remedy(refusal, place) };
  if (!passes) return { code: 'gcp-auth', hint: undefined };
  // Without an answer it is the network, which the error names.
  const code = 'gcp-auth-unavailable';
  return { code, hint: usualRemedy(TOKEN_REFUSALS, code, place) };
}

function accountOf(method: AuthMethod): string | null {
  if (method.kind === 'workload-identity') return method.serviceAccount;
  return method.kind === 'service-account-key' ? method.key.clientEmail : null;
}

/** What an endpoint of tokens said: OAuth's `error`, or the ErrorInfo of a Google API. */
function tokenRefusal(error: unknown, oidcUrl: string | undefined): Refusal {
  const response = field(error, 'response');
  const status = field(response, 'status') ?? field(error, 'status');
  const refused = field(field(response, 'data'), 'error');
  const details = field(refused, 'details');
  const info: unknown = Array.isArray(details) ? details.find((detail) => field(detail, 'reason')) : undefined;
  const subtype = field(field(response, 'data'), 'error_subtype');
  const isJob = typeof status === 'number' && status < 429 && sameHost(field(field(error, 'config'), 'url'), oidcUrl);
  const reasons = [isJob ? NO_ID_TOKEN : null, field(info, 'reason'), subtype, refused];
  return {
    status: typeof status === 'number' ? status : null,
    reasons: reasons.filter((reason) => typeof reason === 'string'),
    text: authText(error),
    facts: strings(field(info, 'metadata')),
  };
}

function sameHost(url: unknown, other: string | undefined): boolean {
  if (!URL.canParse(String(url)) || !URL.canParse(other ?? '')) return false;
  const [one, two] = [new URL(String(url)), new URL(other ?? '')];
  return one.host === two.host && one.pathname === two.pathname;
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

/** The texts among the fields of an object. */
export function strings(fields: unknown): Record<string, string> {
  const entries = Object.entries(typeof fields === 'object' && fields !== null ? fields : {});
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

/** What went wrong, without the text of an answer that may hold a token or a key. */
function authText(error: unknown): string {
  if (isQuoting(error)) return 'an answer or a file with credentials is not JSON, or lacks its token';
  return redactSecrets(`${errorText(error)}${oauthText(error)}`);
}

/** What the token endpoint said (RFC 6749 §5.2), where the error's own text has only the status. */
function oauthText(error: unknown): string {
  const data: unknown = (error as { response?: { data?: unknown } } | null)?.response?.data;
  const { error_description: description } = (data ?? {}) as { error_description?: unknown };
  return typeof description === 'string' && !errorText(error).includes(description) ? ` (${description})` : '';
}

/** Whether the same request for a token may succeed in seconds. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const status =
    'status' in error && typeof error.status === 'number'
      ? error.status
      : 'response' in error
        ? (error.response as { status?: number } | undefined)?.status
        : undefined;
  if (status !== undefined) return status === 429 || status >= 500;
  if (error.name === 'TimeoutError') return true;
  return 'code' in error && typeof error.code === 'string' && /^(?:E[A-Z]+|TimeoutError)$/.test(error.code);
}

/** JSON.parse quotes the text that it cannot read, and an answer with a good status may hold a token anywhere. */
export function isQuoting(error: unknown): boolean {
  if (!(error instanceof Error)) return true;
  if (error instanceof SyntaxError || error.cause instanceof SyntaxError) return true;
  // From a library that did not expect such an answer; that of a failed connection has a cause.
  if (error instanceof TypeError && error.cause === undefined) return true;
  const { response, status = response?.status } = error as { response?: { status?: unknown }; status?: unknown };
  return (typeof status === 'number' && status >= 200 && status < 300) || /\bJSON\b/.test(error.message);
}
