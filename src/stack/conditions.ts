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

/**
 * The conditions that are about an object's present generation. A report on an earlier generation does not cover what was
 * written since. A condition without a generation is kept: some controllers write none.
 */
export function currentConditions(conditions: unknown, generation: number | undefined): Condition[] {
  return listOf(conditions).filter((condition) => !isStale(condition?.observedGeneration, generation));
}

/** Whether a report is about an earlier generation. A controller that does not count writes zero or nothing. */
export function isStale(observed: number | undefined, generation: number | undefined): boolean {
  return (observed ?? 0) > 0 && (observed ?? 0) < (generation ?? 0);
}

/** A condition of an object's status with every field filled; undefined when it is absent. */
export function conditionOf(
  object: { status?: { conditions?: Condition[] } } | null,
  type: string,
): { status: string; reason: string; message: string } | undefined {
  const found = findCondition(object?.status?.conditions, type);
  return found && { status: found.status ?? 'Unknown', reason: found.reason ?? '', message: found.message ?? '' };
}
