import { ANSWER_RULES } from './answers.ts';
import { CLOUD_RULES } from './cloud.ts';
import { CONFIG_RULES } from './config.ts';
import { CONTAINER_END_RULES } from './container-ends.ts';
import { CONTROLLER_RULES } from './controller.ts';
import { IMAGE_RULES } from './images.ts';
import { DISTURBED_LIMIT_RULES, LIMIT_RULES } from './limits.ts';
import { MEASUREMENT_RULES } from './measurement.ts';
import { MODEL_ANSWER_RULES, MODEL_ERROR_RULES } from './model-answers.ts';
import { MODEL_DOWNLOAD_RULES } from './model-download.ts';
import { MODEL_SERVER_RULES } from './model-server.ts';
import { NOT_READY_RULES } from './not-ready.ts';
import { PICKER_BYPASSED_RULES } from './picker-bypassed.ts';
import { PICKER_DECISION_RULES } from './picker-decisions.ts';
import { PICKER_DOWN_RULES } from './picker-down.ts';
import { PICKER_START_RULES } from './picker-start.ts';
import { PICKER_TLS_RULES } from './picker-tls.ts';
import { PICKER_UNEXPLAINED_RULES } from './picker-unexplained.ts';
import { PLACEMENT_RULES } from './placement.ts';
import { REFERENCE_RULES } from './references.ts';
import { REFUSAL_RULES } from './refusals.ts';
import { ROUTE_RULES } from './route.ts';
import type { Rule } from './rule.ts';
import { SCHEDULING_RULES } from './scheduling.ts';
import { SIDECAR_RULES } from './sidecars.ts';

/** A rule after which no other has a chance: it takes whatever a room could not name better. */
const LAST = ['container.crash-loop', 'container.config', 'pods.unschedulable'];

/**
 * All causes, in order of precedence: the first that matches explains the run. What a stage has named comes first, then what
 * containers say, then the state of pods, then the way to them, then bad decisions, then what disturbed.
 */
export const RULES: readonly Rule[] = inOrder([
  ...CLOUD_RULES,
  ...CONFIG_RULES,
  ...REFUSAL_RULES,
  ...IMAGE_RULES,
  ...REFERENCE_RULES,
  ...MODEL_SERVER_RULES,
  ...MODEL_DOWNLOAD_RULES,
  ...SIDECAR_RULES,
  ...PICKER_START_RULES,
  ...CONTAINER_END_RULES,
  ...SCHEDULING_RULES,
  ...NOT_READY_RULES,
  ...PLACEMENT_RULES,
  ...ROUTE_RULES,
  ...CONTROLLER_RULES,
  ...MODEL_ANSWER_RULES,
  ...PICKER_BYPASSED_RULES,
  ...PICKER_DOWN_RULES,
  ...PICKER_TLS_RULES,
  ...ANSWER_RULES,
  ...MODEL_ERROR_RULES,
  ...PICKER_UNEXPLAINED_RULES,
  ...PICKER_DECISION_RULES,
  ...DISTURBED_LIMIT_RULES,
  ...MEASUREMENT_RULES,
  ...LIMIT_RULES,
]);

function inOrder(rules: readonly Rule[]): Rule[] {
  const isLast = ({ cause }: Rule) => LAST.includes(cause);
  return [...rules.filter((rule) => !isLast(rule)), ...rules.filter(isLast)];
}
