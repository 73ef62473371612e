import { applyPodTemplateDefaults } from '../kube/defaults.ts';
import { copyJson } from '../kube/frozen.ts';
import { builtinType, type Json, type JsonObject, type TypeNode } from '../kube/types.ts';
import { dropEmpty } from '../kube/unknown.ts';
import { quantity } from './quantity.ts';

/** Label that a Deployment adds to the template of each of its ReplicaSets. */
export const HASH_LABEL = 'pod-template-hash';

/**
 * A pod template in one spelling: with the API server's defaults, without empty maps and lists, amounts as numbers, and
 * without the hash label. Two templates are equal for kube-controller-manager when these are equal
 * (`EqualIgnoreHash` in pkg/controller/deployment/util: `Semantic.DeepEqual` without `pod-template-hash`).
 */
export function canonicalTemplate(template: JsonObject): JsonObject {
  const known = canonical.get(template);
  if (known) return known;
  const result = spelled(template);
  // A stored template never changes.
  if (Object.isFrozen(template)) canonical.set(template, result);
  return result;
}

const canonical = new WeakMap<JsonObject, JsonObject>();

function spelled(template: JsonObject): JsonObject {
  const { creationTimestamp: _creationTimestamp, labels, ...metadata } = template.metadata ?? {};
  const { [HASH_LABEL]: _hash, ...others } = labels ?? {};
  const result: JsonObject = copyJson({ ...template, metadata: { ...metadata, labels: others } });
  dropNulls(result);
  applyPodTemplateDefaults(result);
  const type = builtinType('PodTemplateSpec') as TypeNode;
  dropEmpty(result, type);
  inNumbers(result);
  return result;
}

function dropNulls(value: Json): void {
  if (value === null || typeof value !== 'object') return;
  for (const [name, inner] of Object.entries(value)) {
    if (inner === null && !Array.isArray(value)) delete value[name];
    else dropNulls(inner);
  }
}

/** `1` and `1000m` are the same amount. */
function inNumbers(template: JsonObject): void {
  const { containers = [], initContainers = [] } = template.spec ?? {};
  for (const { resources } of [...containers, ...initContainers] as JsonObject[]) {
    for (const amounts of [resources?.limits, resources?.requests]) {
      for (const [name, amount] of Object.entries(amounts ?? {})) amounts[name] = quantity(amount);
    }
  }
  for (const { emptyDir } of (template.spec?.volumes ?? []) as JsonObject[]) {
    if (emptyDir?.sizeLimit !== undefined) emptyDir.sizeLimit = quantity(emptyDir.sizeLimit);
  }
}
