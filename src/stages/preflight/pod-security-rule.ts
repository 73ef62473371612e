import { fieldsIn, type PlannedContainer, type PlannedPods } from '../../stack/planned-pods.ts';

/** A field that breaks a Pod Security standard. */
export interface SecurityBreach {
  /** From the root of the object. */
  path: readonly (string | number)[];
  /** The field with its value, and what is allowed. */
  says: string;
  fix: string;
  /** The container whose missing field it is; null where something is there that must not be. */
  lacks: PlannedContainer | null;
}

/** One control of a standard. */
export interface SecurityRule {
  level: 'baseline' | 'restricted';
  /** First minor version of Kubernetes 1 whose policy has it. */
  since: number;
  /** Whether pods in a user namespace are let off where the cluster has the feature on, which cannot be seen. */
  relaxed?: boolean;
  /** First minor version whose restricted standard has a stricter control in its place. */
  replacedIn?: number;
  judge: (pods: PlannedPods, minor: number) => SecurityBreach[];
}

/** Something that must not be there. `value` is shown as JSON, cut off. */
export function forbidden(
  path: SecurityBreach['path'],
  field: string,
  value: unknown,
  allowed: string,
  whose: string,
): SecurityBreach {
  const text = (JSON.stringify(value) ?? String(value)).slice(0, 80);
  return {
    path: [...path, ...field.split('.')],
    says: `${field} of ${whose} is ${text}, and allowed is ${allowed}`,
    fix: `Remove ${field} of ${whose}: allowed is ${allowed}.`,
    lacks: null,
  };
}

/** A field that must be there, with another value. */
export function wrongValue(...given: Parameters<typeof forbidden>): SecurityBreach {
  const [, field, , allowed, whose] = given;
  return { ...forbidden(...given), fix: `Set ${field} of ${whose} to ${allowed}.` };
}

/** A field that must be there. */
export function lacking(container: PlannedContainer, pods: PlannedPods, field: string, wanted: string): SecurityBreach {
  return {
    path: [...container.path, 'securityContext', ...field.split('.')],
    says: `securityContext.${field} of ${nameOf(container, pods)} is not set, and required is ${wanted}`,
    fix: `Set securityContext.${field} of container ${container.name} to ${wanted}.`,
    lacks: container,
  };
}

/** `container main of the replicas of qwen`. */
export function nameOf({ name }: PlannedContainer, { what }: PlannedPods): string {
  return `container ${name} of ${what}`;
}

/** The security contexts of a pod and of its containers, each with its owner's name and its path. */
export function contexts(
  pods: PlannedPods,
): { context: ReturnType<typeof fieldsIn>; whose: string; path: SecurityBreach['path'] }[] {
  return [
    { context: fieldsIn(pods.spec, 'securityContext'), whose: `the pod of ${pods.what}`, path: pods.path },
    ...pods.containers.map((container) => ({
      context: fieldsIn(container.fields, 'securityContext'),
      whose: nameOf(container, pods),
      path: container.path,
    })),
  ];
}

/** A field of any security context whose value is not one of those allowed; a field that is not set is allowed. */
export function notOneOf(pods: PlannedPods, field: string, allowed: readonly unknown[]): SecurityBreach[] {
  const [first = '', ...rest] = field.split('.');
  return contexts(pods).flatMap(({ context, whose, path }) => {
    const parent = fieldsIn({ '': context }, '', ...[first, ...rest].slice(0, -1));
    const value = parent[[first, ...rest].at(-1) as string];
    // An object without its deciding field is one with an empty value there.
    const isSet = value !== undefined && value !== null;
    if (!isSet || allowed.includes(value)) return [];
    return [forbidden(path, `securityContext.${field}`, value, allowed.map(String).join(' or '), whose)];
  });
}
