import type { BlockedFlow, Evidence, OwnObject } from '../evidence.ts';
import type { Match } from './rule.ts';

/**
 * The object that the manifests bring themselves, among those of a kind with one of the names; `NAMESPACE/NAME` fits a
 * name too. Without names any of the kind. Null where all of them were in the cluster before.
 */
export function ownObject({ own = [] }: Evidence, kind: string, names?: readonly string[]): OwnObject | null {
  return (
    own.find(
      (object) =>
        object.kind === kind &&
        (!names || names.includes(object.name) || names.includes(`${object.namespace}/${object.name}`)),
    ) ?? null
  );
}

/** Who made it: the change, with file and line, where the manifests bring it; else the owner of the cluster. */
export function makerOf(own: OwnObject | null): Pick<Match, 'blame' | 'at'> {
  if (!own) return { blame: 'cluster' };
  return { blame: 'change', ...(own.line === null ? {} : { at: { file: own.file, line: own.line } }) };
}

/** What to do about an object: by the manifests that bring it, or by a command where it is in the cluster alone. */
export function removal(own: OwnObject | null, command: string): string {
  return own ? `Take ${own.kind} ${own.name} out of the manifests, or correct it there` : command;
}

/** Who made the policies that block: the change when its manifests bring one of them; else the owner of the cluster. */
export function policyMaker(evidence: Evidence, flow: BlockedFlow): Pick<Match, 'blame' | 'at'> {
  return makerOf(ownObject(evidence, 'NetworkPolicy', flow.policies));
}
