import { type Decoded, fromJson, isMismatch, list, quoted, some, text, type Wanted } from '../../lib/decode.ts';
import { Failure, type FailureStage } from '../../lib/failure.ts';
import { redactSecrets } from '../../lib/redact.ts';
import { namedFields } from './named-fields.ts';
import type { KubeObject } from './objects.ts';
import { exported, kubeRow } from './refusals.ts';

/** One HTTP answer of the API server. */
export interface Answer {
  /** What was asked for. */
  path?: string;
  status: number;
  body: string;
  retryAfterMs: number;
}

const STATUS = some({
  kind: text,
  message: text,
  reason: text,
  details: some({
    kind: text,
    name: text,
    causes: list(some({ reason: text, message: text, field: text })),
  }),
});

/** An answer with a good status that is not what was asked for: a proxy may have sent it. It may be a good one next time. */
export function badAnswer(what: string, noun: string, problem: string, stage: FailureStage): Failure {
  return new Failure({
    stage,
    code: 'kube-answer',
    message: `${what}: the Kubernetes API sent an answer that is not ${noun}: ${problem}.`,
    hint: 'Look for a proxy or a load balancer between the runner and the control plane that sends answers of its own.',
    evidence: { retryable: true },
  });
}

/** The body of a good answer as what was asked for. Throws `badAnswer` for any other. */
export function decoded<T>(what: string, { body }: Answer, { noun, decode }: Wanted<T>, stage: FailureStage): T {
  try {
    return decode(fromJson(body), '');
  } catch (error) {
    if (!isMismatch(error)) throw error;
    throw badAnswer(what, noun, error.message, stage);
  }
}

/** Refusals that the API server always explains by a Status, and that would otherwise be laid to the manifests. */
const EXPLAINED: ReadonlySet<number> = new Set([400, 403, 409, 422]);

/** What a refusal of the API server means, as one Failure: conflict, permission, admission, manifest, or the server. */
export function kubeFailure(what: string, answer: Answer, stage: FailureStage): Failure {
  const given = statusOf(answer.body);
  const causes = given.details?.causes ?? [];
  const message = (given.message ?? answer.body.trim().slice(0, 300)) || `HTTP ${answer.status}`;
  const fields = namedFields(causes, message);
  const evidence = {
    httpStatus: answer.status,
    reason: given.reason,
    causes,
    ...(fields.length > 0 ? { fields } : {}),
  };
  const reasons = [...causes.map(({ reason }) => reason), given.reason].filter((reason) => reason !== undefined);
  const refusal = { status: answer.status, reasons, text: message };
  const row = kubeRow(refusal);
  const explains = given.kind === 'Status' || row?.code === 'kube-permission';
  if (!explains && EXPLAINED.has(answer.status)) {
    return badAnswer(what, 'a Status', `it is a ${answer.status} with ${wordsFor(answer.body)}`, stage);
  }
  const base = { stage, evidence: { ...evidence, ...(row?.next === 'again' ? { retryable: true } : {}) } };
  if (!row) return new Failure({ ...base, code: 'kube-refused', message: `${what}: ${message}` });
  const { code } = row;
  const place = { namespace: namespaceOf(what), kind: given.details?.kind ?? null, name: given.details?.name ?? null };
  const hint = row.remedy(refusal, place);
  return new Failure({ ...base, code, message: sentence(what, code, message, answer.status, causes), hint });
}

/** A refusal of an object that carries marks of the cluster it was exported from: these are what the server refuses. */
export function exportedFailure(error: unknown, { metadata }: KubeObject): unknown {
  const marks = ['uid', 'resourceVersion'].filter((field) => Reflect.get(metadata, field) !== undefined);
  if (!(error instanceof Failure) || error.evidence.httpStatus !== 409 || marks.length === 0) return error;
  if (error.code !== 'kube-refused') return error;
  const { stage, message, evidence } = error;
  return new Failure({ stage, code: 'manifest-exported', message, hint: exported(), evidence });
}

type Causes = readonly { message?: string | undefined; field?: string | undefined }[];

function sentence(what: string, code: string, message: string, status: number, causes: Causes): string {
  if (code === 'apply-conflict') {
    const fields = causes.map(({ field, message: text }) => `${field ?? '?'} (${text ?? 'owned by another manager'})`);
    return `${what}: another field manager owns ${fields.join(', ')}.`;
  }
  if (code === 'kube-api') return `${what}: the Kubernetes API returned ${status}: ${message}`;
  return code === 'manifest-refused' ? `${what}: the API server refused it: ${message}` : `${what}: ${message}`;
}

/** `Kind name in namespace`, as objects are described. */
function namespaceOf(what: string): string | null {
  return / in ([a-z0-9.-]+)$/.exec(what)?.[1] ?? null;
}

function statusOf(body: string): Decoded<typeof STATUS> {
  try {
    return STATUS(fromJson(body), '');
  } catch {
    return {};
  }
}

function wordsFor(body: string): string {
  const line = body.trim();
  return line === '' ? 'no text' : `the text ${quoted(redactSecrets(line.slice(0, 300)))}`;
}
