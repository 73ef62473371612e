import { isStale } from '../stack/conditions.ts';
import type { ConditionEvidence, ContainerEvidence, Evidence, PodEvidence, PodRole } from './evidence.ts';
import { decidingLine, reasonsIn } from './last-words.ts';

/** A container that a rule looks at, with its pod. */
export interface Placed {
  pod: PodEvidence;
  container: ContainerEvidence;
}

/** Containers of pods with one of the roles, of pods that are not on their way out. */
export function containersOf({ cluster }: Evidence, ...roles: PodRole[]): Placed[] {
  return (cluster?.pods ?? [])
    .filter(({ role, terminating }) => !terminating && (roles.length === 0 || roles.includes(role)))
    .flatMap((pod) => pod.containers.map((container) => ({ pod, container })));
}

/** Containers that are not as they should be: an init container that has not ended well, another that is not ready. */
export function troubled(evidence: Evidence, ...roles: PodRole[]): Placed[] {
  return containersOf(evidence, ...roles).filter(({ container }) =>
    container.init
      ? !(container.state === 'terminated' && container.exitCode === 0)
      : !container.ready || container.restarts > 0,
  );
}

/** The words of a container: how it waits, how it ended, and its log. */
export function wordsOf({ container }: Placed): string[] {
  const { message, last, log } = container;
  return [message, last?.message ?? '', ...log]
    .flatMap((text) => text.split('\n'))
    .filter((text) => text.trim() !== '');
}

/** Its words that may hold the reason of its end, best first. */
export function reasonsOf(at: Placed): string[] {
  const { last, restarts, state } = at.container;
  return reasonsIn(wordsOf(at), last !== null || restarts > 0 || state === 'terminated');
}

/** The line that states why it ended; null where none does. */
export function decidingLineOf(at: Placed): string | null {
  return decidingLine(wordsOf(at));
}

/** The first line of any troubled container that fits, told with where it is from. */
export function said(
  placed: readonly Placed[],
  pattern: RegExp,
  linesOf = wordsOf,
): { at: Placed; line: string; match: RegExpExecArray } | null {
  for (const at of placed) {
    for (const line of linesOf(at)) {
      const match = pattern.exec(line);
      if (match) return { at, line, match };
    }
  }
  return null;
}

/** `pod/name main: text`, as evidence. */
export function quote({ pod, container }: Placed, line: string): string {
  return `pod/${pod.name} ${container.name}: ${line}`;
}

/** Last lines of a container's log as evidence. */
export function tail(at: Placed, lines = 8): string[] {
  const { log } = at.container;
  const words = log.length > 0 ? log : wordsOf(at);
  return words.slice(-lines).map((line) => quote(at, line));
}

/** Warning events that fit, as lines. */
export function warned({ cluster }: Evidence, pattern: RegExp, reason = /./): string[] {
  return (cluster?.events ?? [])
    .filter((event) => reason.test(event.reason) && pattern.test(event.message))
    .map(
      ({ reason: why, kind, name, message, count }) =>
        `Warning ${why}${count > 1 ? ` ×${count}` : ''} ${kind.toLowerCase()}/${name}: ${message}`,
    );
}

/** The service's False conditions, of these types where some are given; none while they are about an earlier generation. */
export function falseConditions({ cluster }: Evidence, ...types: string[]): ConditionEvidence[] {
  const { generation = 0, observedGeneration = null, conditions = [] } = cluster?.service ?? {};
  if (isStale(observedGeneration ?? undefined, generation)) return [];
  return conditions.filter(({ type, status }) => status === 'False' && (types.length === 0 || types.includes(type)));
}

/** The first of them. */
export function falseCondition(evidence: Evidence, ...types: string[]): ConditionEvidence | undefined {
  return falseConditions(evidence, ...types)[0];
}

export function describeCondition({ type, status, reason, message }: ConditionEvidence): string {
  return `${type}=${status} (${[reason, message].filter((text) => text !== '').join(': ')})`;
}

/** Ended: how a container's process ended the last time, or now. */
export function ended({ container }: Placed): { exitCode: number | null; reason: string } | null {
  if (container.state === 'terminated') return { exitCode: container.exitCode, reason: container.reason };
  return container.last;
}

/** A container of the picker, replica or gateway pods waits with one of these reasons. */
export function waiting(placed: readonly Placed[], reasons: RegExp, message = /[\s\S]*/): Placed | undefined {
  return placed.find(
    ({ container }) =>
      container.state === 'waiting' && reasons.test(container.reason) && message.test(container.message),
  );
}

/** `1.27.3` of `docker.io/istio/pilot:1.27.3` as numbers; null when there is no such tag. */
export function versionOf(image: string | null): [number, number, number] | null {
  const match = /:v?(\d+)\.(\d+)(?:\.(\d+))?/.exec(image ?? '');
  return match ? [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)] : null;
}

export function isBefore(version: readonly number[], limit: readonly number[]): boolean {
  for (const [index, part] of limit.entries()) {
    const own = version[index] ?? 0;
    if (own !== part) return own < part;
  }
  return false;
}
