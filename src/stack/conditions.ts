import type { Condition } from '../clients/kubernetes/kinds.ts';

/** The condition of a type, or undefined when it is absent, which is not the same as False. */
export function findCondition(list: readonly Condition[] | undefined, type: string): Condition | undefined {
  return list?.find((condition) => condition.type === type);
}

/** Whether the condition of a type is there and True. */
export function isTrue(list: readonly Condition[] | undefined, type: string): boolean {
  return findCondition(list, type)?.status === 'True';
}

/** The conditions of a status as a list, also where a controller has written something else. */
export function listOf(conditions: unknown): Condition[] {
  return Array.isArray(conditions) ? conditions : [];
}

/** A condition of an object's status with every field filled; undefined when it is absent. */
export function conditionOf(
  object: { status?: { conditions?: Condition[] } } | null,
  type: string,
): { status: string; reason: string; message: string } | undefined {
  const found = findCondition(object?.status?.conditions, type);
  return found && { status: found.status ?? 'Unknown', reason: found.reason ?? '', message: found.message ?? '' };
}
