import { SERVING_REFUSALS, servingRefusal, servingRow } from '../../clients/serving/refusals.ts';
import { type Refusal, usualRemedy } from '../../lib/refusal.ts';
import type { Evidence } from '../evidence.ts';
import { checkOf, type Match, namespaceOf, type Rule, serviceOf } from './rule.ts';

/** Completions that failed by an error of the model server itself, with the code of its row. */
function refusals(evidence: Evidence): { seen: string; refusal: Refusal; code: string | null }[] {
  if (evidence.failure) return [];
  return ['completion', 'chat'].flatMap((id) => {
    const check = checkOf(evidence, id);
    const refusal = check?.outcome === 'fail' ? servingRefusal(check.seen) : null;
    if (!check || !refusal) return [];
    return [{ seen: `${check.title}: ${check.seen}`, refusal, code: servingRow(refusal)?.code ?? null }];
  });
}

function answered(
  code: string | null,
  rule: Pick<Rule, 'cause' | 'title' | 'looksLike' | 'confidence'> & { where?: Match['where'] },
): Rule {
  const { where, ...rest } = rule;
  return {
    ...rest,
    family: 'routing',
    match(evidence) {
      const found = refusals(evidence).filter((one) => one.code === code);
      const [first] = found;
      if (!first) return null;
      return {
        seen: found.map(({ seen }) => seen),
        explanation: `The model server replies to completions with HTTP ${first.refusal.status}: ${first.refusal.text}`,
        ...(where ? { where } : {}),
      };
    },
    remedy(evidence) {
      const place = { namespace: namespaceOf(evidence), service: serviceOf(evidence) };
      if (code !== null) return usualRemedy(SERVING_REFUSALS, code, place);
      return `Read the log of the replicas: kubectl -n ${place.namespace} logs -l app.kubernetes.io/name=${place.service} -c main --tail 200`;
    },
  };
}

/** Errors of the model server whose words say what is wrong. */
export const MODEL_ANSWER_RULES: readonly Rule[] = [
  answered('engine-dead', {
    cause: 'vllm.engine-dead',
    title: 'The engine of vLLM has died while it served',
    confidence: 'proven',
    looksLike: 'completions end with 500 and EngineDeadError',
  }),
  answered('too-long', {
    cause: 'vllm.too-long',
    title: 'The requests are longer than the model’s sequence',
    confidence: 'proven',
    looksLike: 'completions end with 400 "maximum context length"',
  }),
  answered('api-key', {
    cause: 'vllm.api-key',
    title: 'The model server requires an API key',
    confidence: 'proven',
    looksLike: 'completions end with 401 and a JSON error of vLLM',
    where: { text: /--api-key|VLLM_API_KEY/ },
  }),
];

/** An error of the model server that no row knows: after every rule that explains it. */
export const MODEL_ERROR_RULES: readonly Rule[] = [
  answered(null, {
    cause: 'vllm.own-error',
    title: 'The model server refuses completions for a reason of its own',
    confidence: 'probable',
    looksLike: 'completions fail with a JSON error of vLLM that no row knows',
  }),
];
