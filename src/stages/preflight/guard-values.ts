import type { ValueRule } from './guard-context.ts';
import { ENVOY_RULES } from './guard-envoy.ts';
import { HARDENING_RULES } from './guard-hardening.ts';
import { METADATA_RULES } from './guard-metadata.ts';
import { POD_RULES } from './guard-pod-values.ts';
import { REFERENCE_RULES } from './guard-references.ts';
import { ROUTE_RULES } from './guard-routes.ts';

const RULES: ReadonlyMap<string, ValueRule> = new Map(
  Object.entries({
    ...METADATA_RULES,
    ...POD_RULES,
    ...REFERENCE_RULES,
    ...ROUTE_RULES,
    ...ENVOY_RULES,
    ...HARDENING_RULES,
  }),
);

/** The rule that a line of the table names by `@name`. Throws a TypeError for a name that has none. */
export function valueRule(name: string): ValueRule {
  const rule = RULES.get(name);
  if (!rule) throw new TypeError(`the guard has no rule ${name}`);
  return rule;
}
