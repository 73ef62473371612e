import { CLOUD_RULES } from './cloud.ts';
import { CONFIG_RULES } from './config.ts';
import { CONTAINER_RULES } from './containers.ts';
import { MEASUREMENT_RULES } from './measurement.ts';
import { POD_RULES } from './pods.ts';
import { ROUTING_RULES } from './routing.ts';
import type { Rule } from './rule.ts';
import { SERVING_RULES } from './serving.ts';

/** A rule after which no other has a chance: it takes whatever a room could not name better. */
const LAST = ['container.crash-loop', 'container.config', 'pods.unschedulable'];

/**
 * All causes, in order of precedence: the first that matches explains the run. What a stage has named comes first, then what
 * containers say, then what became of pods, then the way to them, then who decided badly, then what disturbed.
 */
export const RULES: readonly Rule[] = inOrder([
  ...CLOUD_RULES,
  ...CONFIG_RULES,
  ...CONTAINER_RULES,
  ...POD_RULES,
  ...SERVING_RULES,
  ...ROUTING_RULES,
  ...MEASUREMENT_RULES,
]);

function inOrder(rules: readonly Rule[]): Rule[] {
  const isLast = ({ cause }: Rule) => LAST.includes(cause);
  return [...rules.filter((rule) => !isLast(rule)), ...rules.filter(isLast)];
}
