import { errorText, Failure, type FailureStage, isRetryable } from '../../lib/failure.ts';
import type { Refusal } from '../../lib/refusal.ts';
import { strings } from './auth-failure.ts';
import { googleRow } from './refusals.ts';

/** An answer with a good status that is not what was asked for: a proxy may have sent it. It may be a good one next time. */
export function badAnswer(what: string, noun: string, problem: string, stage: FailureStage): Failure {
  return new Failure({
    stage,
    code: 'gke-answer',
    message: `${what}: the Container API sent an answer that is not ${noun}: ${problem}.`,
    hint: 'Look for a proxy between the runner and container.googleapis.com that sends answers of its own.',
    evidence: { retryable: true },
  });
}

/** What the code of a row says of the call, before the API's own sentence. */
const SAID: Readonly<Record<string, string>> = {
  'gcp-token': ': Google Cloud did not accept the access token',
  'gke-permission': ': Google Cloud refused it',
};

/** Any error of a call as a Failure that says what it means. */
export function gkeFailure(
  what: string,
  error: unknown,
  options: { stage: FailureStage; projectId: string; location: string; cluster: string },
): Failure {
  if (error instanceof Failure) return error;
  const { stage, projectId: project, location, cluster } = options;
  const refusal = refusalOf(error);
  const { status, reasons, text, facts } = refusal;
  const base = { stage, cause: error, evidence: { grpcCode: status ?? undefined, reason: reasons[0], text, facts } };
  // Without a status there was no answer: the network, or a limit of time.
  if (status === null) return new Failure({ ...base, code: 'gke-api', message: `${what}: ${text}` });
  const row = googleRow(refusal);
  if (!row) return new Failure({ ...base, code: 'gke-refused', message: `${what}: ${text}` });
  const { code } = row;
  const where = code === 'gke-not-found' ? ` was not found in ${project}, ${location}` : (SAID[code] ?? '');
  const hint = row.remedy(refusal, { project, location, cluster });
  return new Failure({ ...base, code, message: `${what}${where}: ${text}`, hint });
}

/** The API's own sentence; the cause behind it only repeats it as JSON. */
export function ownText(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.message : errorText(error);
}

/** Whether the same call may succeed in seconds. */
export function isTransient(error: unknown): boolean {
  if (isRetryable(error)) return true;
  if (!(error instanceof Error) || !('code' in error)) return false;
  if (error.name === 'TimeoutError') return true;
  if (typeof error.code === 'string') return /^E[A-Z]+$/.test(error.code);
  const refusal = refusalOf(error);
  return googleRow(refusal)?.next === 'again' || (refusal.status === RESOURCE_EXHAUSTED && !googleRow(refusal));
}

/** RESOURCE_EXHAUSTED of google.rpc.Code: without a known reason it may be a rate, which passes. */
const RESOURCE_EXHAUSTED = 8;

/** What the library read from a refusal of the API: `code`, and the fields of google.rpc.ErrorInfo. */
function refusalOf(error: unknown): Refusal {
  const { code, reason, errorInfoMetadata, statusDetails } = (error instanceof Error ? error : {}) as Partial<
    Record<string, unknown>
  >;
  return {
    status: typeof code === 'number' ? code : null,
    reasons: typeof reason === 'string' ? [reason] : [],
    text: ownText(error),
    facts: { ...violation(statusDetails), ...strings(errorInfoMetadata) },
  };
}

/** The first violation of google.rpc.QuotaFailure, by the names that ErrorInfo has for the same. */
function violation(details: unknown): Record<string, string> {
  const all: unknown[] = Array.isArray(details) ? details : [];
  const [first] = all.flatMap((detail): unknown[] => {
    const violations = detail !== null && typeof detail === 'object' ? Reflect.get(detail, 'violations') : undefined;
    return Array.isArray(violations) ? violations : [];
  });
  const { quotaMetric: metric, quotaId: limit, quotaValue: value } = Object(first) as Record<string, unknown>;
  return {
    ...strings({ quota_metric: metric, quota_limit: limit }),
    ...(value === undefined || value === null ? {} : { quota_limit_value: String(value) }),
  };
}
