import { blameOf, faultsAmong } from '../../stack/fate.ts';
import type { ConditionEvidence, Evidence } from '../evidence.ts';
import { describeCondition, falseConditions } from '../facts.ts';
import { type Match, namespaceOf, type Rule, serviceOf, waited } from './rule.ts';

/** Faults that a controller reports itself and that no other rule explains. */
export const CONTROLLER_RULES: readonly Rule[] = [
  {
    cause: 'controller.stopped',
    title: 'A controller stopped at an error',
    family: 'pods',
    confidence: 'proven',
    looksLike: 'a condition stays False with a reason that names a fault, such as …Error, …NotMet or …NotFound',
    match(evidence) {
      if (!waited(evidence)) return null;
      return ended(evidence) ?? atTheEnd(evidence);
    },
    remedy: (evidence) =>
      `Correct what the condition names. See kubectl -n ${namespaceOf(evidence)} describe llminferenceservice ${serviceOf(evidence)}, and the log of the controller, where the whole error is: kubectl logs -A -l control-plane=llmisvc-controller-manager --tail=50 for KServe.`,
  },
];

/** The condition that ended the wait, as the stage noted it. */
function ended({ failure }: Evidence): Match | null {
  const { object, type, reason, message } = failure?.evidence ?? {};
  if (failure?.code !== 'not-healing' || typeof object !== 'string' || typeof reason !== 'string') return null;
  return explained(object, { type: String(type), status: 'False', reason, message: String(message) }, failure.blame);
}

/** A fault that the service's conditions name when the wait ends for its limit. */
function atTheEnd(evidence: Evidence): Match | null {
  const [fault] = faultsAmong(falseConditions(evidence), 'kserve');
  const name = evidence.cluster?.service?.name;
  if (!fault) return null;
  const condition = { status: 'False', type: fault.type, reason: fault.reason ?? '', message: fault.message ?? '' };
  return explained(`LLMInferenceService ${name}`, condition, blameOf(fault));
}

function explained(object: string, condition: ConditionEvidence, blame: Match['blame']): Match {
  const { type, reason, message } = condition;
  const why = [reason, message].filter((text) => text !== '').join(': ');
  return {
    seen: [`${object}: ${describeCondition(condition)}`],
    explanation: `${type} of ${object} is False, and stays so. Its controller gives this reason: ${why.replace(/[.\s]+$/, '')}.`,
    ...(blame ? { blame } : {}),
  };
}
