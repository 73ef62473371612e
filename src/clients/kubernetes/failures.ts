import { type Decoded, fromJson, isMismatch, list, quoted, some, text } from '../../lib/decode.ts';
import { Failure, type FailureStage } from '../../lib/failure.ts';
import { redactSecrets } from '../../lib/redact.ts';
import type { Wanted } from './answers.ts';

/** One HTTP answer of the API server. */
export interface Answer {
  status: number;
  body: string;
  retryAfterMs: number;
}

const STATUS = some({
  kind: text,
  message: text,
  reason: text,
  details: some({ causes: list(some({ reason: text, message: text, field: text })) }),
});

/** An answer with a good status that is not what was asked for: a proxy may have sent it. It may be a good one next time. */
export function badAnswer(what: string, noun: string, problem: string, stage: FailureStage): Failure {
  return new Failure({
    stage,
    code: 'kube-answer',
    message: `${what}: the Kubernetes API sent an answer that is not ${noun}: ${problem}.`,
    hint: 'Look for a proxy or a load balancer between the runner and the control plane that sends answers of its own.',
    blame: 'cluster',
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
  const status = statusOf(answer.body);
  const causes = status.details?.causes ?? [];
  const message = (status.message ?? answer.body.trim().slice(0, 300)) || `HTTP ${answer.status}`;
  const evidence = { httpStatus: answer.status, reason: status.reason, causes };
  if (status.kind !== 'Status' && EXPLAINED.has(answer.status)) {
    return badAnswer(what, 'a Status', `it is a ${answer.status} with ${wordsFor(answer.body)}`, stage);
  }
  // Server-side apply answers an unknown field with a 500, which no retry heals.
  const undeclared = answer.status === 500 && /failed to create typed patch object|field not declared/.test(message);
  if (!undeclared && (answer.status === 429 || answer.status >= 500)) {
    return new Failure({
      stage,
      code: 'kube-api',
      message: `${what}: the Kubernetes API answered ${answer.status}: ${message}`,
      blame: 'cluster',
      evidence: { ...evidence, retryable: true },
    });
  }
  if (answer.status === 409 && causes.some(({ reason }) => reason === 'FieldManagerConflict')) {
    const fields = causes.map(({ field, message: text }) => `${field ?? '?'} (${text ?? 'owned by another manager'})`);
    return new Failure({
      stage,
      code: 'apply-conflict',
      message: `${what}: another field manager owns ${fields.join(', ')}.`,
      hint: 'Remove these fields from the manifest, or set "force-conflicts: true" to take them over.',
      blame: 'change',
      evidence,
    });
  }
  if (answer.status === 401 || answer.status === 403) {
    // Pod Security and a namespace under deletion refuse with 403 too; only RBAC speaks of what the user cannot do.
    const byRbac = answer.status === 401 || / cannot [a-z]+ resource /.test(message);
    return new Failure({
      stage,
      code: byRbac ? 'kube-permission' : 'admission-refused',
      message: `${what}: ${message}`,
      hint:
        answer.status === 401
          ? 'The cluster did not accept the access token; the identity needs container.clusters.connect or a role on the project.'
          : byRbac
            ? 'Grant the missing rule to the identity by a Role or an IAM role.'
            : 'An admission rule of the cluster refused it, not a missing permission; the message names the rule.',
      blame: byRbac ? 'config' : 'change',
      evidence,
    });
  }
  if (answer.status === 404 && /^namespaces "/.test(message)) {
    return new Failure({
      stage,
      code: 'namespace-missing',
      message: `${what}: ${message}`,
      hint: 'Create the namespace, or correct the input "namespace".',
      blame: 'config',
      evidence,
    });
  }
  if (undeclared || answer.status === 400 || answer.status === 422) {
    return new Failure({
      stage,
      code: 'manifest-refused',
      message: `${what}: the API server refused it: ${message}`,
      hint: 'Correct the named field in the manifest.',
      blame: 'change',
      evidence,
    });
  }
  return new Failure({ stage, code: 'kube-api', message: `${what}: ${message}`, blame: 'cluster', evidence });
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
