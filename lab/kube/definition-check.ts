import type { KubeObject } from '../protocol.ts';
import { required, wrong } from './causes.ts';
import type { StatusCause } from './status.ts';
import type { JsonObject } from './types.ts';

const APPROVAL = 'api-approved.kubernetes.io';
const HELP =
  'protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111';

/** What a definition must have; what its schemas say is not judged here. */
export function checkDefinition(object: KubeObject): StatusCause[] {
  const { group, names = {}, scope, versions } = object.spec ?? {};
  const causes: StatusCause[] = [];
  if (!group) causes.push(required('spec.group'));
  if (!scope) causes.push(required('spec.scope'));
  if (!names.plural) causes.push(required('spec.names.plural'));
  if (!names.kind) causes.push(required('spec.names.kind'));
  if (!versions?.length) causes.push(required('spec.versions'));
  const expected = `${names.plural}.${group}`;
  if (causes.length === 0 && object.metadata.name !== expected) {
    causes.push(wrong('metadata.name', object.metadata.name, 'must be spec.names.plural+"."+spec.group'));
  }
  const stored = (versions ?? []).filter((version: JsonObject) => version.storage).length;
  if (versions?.length && stored !== 1) {
    causes.push(wrong('spec.versions', versions.length, 'must have exactly one version marked as storage version'));
  }
  return [...causes, ...checkApproval(object)];
}

/** Groups of Kubernetes' own take only definitions that its API review knows of. */
function checkApproval({ metadata, spec }: KubeObject): StatusCause[] {
  const isProtected = /(?:^|\.)(?:k8s|kubernetes)\.io$/.test(spec?.group ?? '');
  if (!isProtected || metadata.annotations?.[APPROVAL]) return [];
  return [required(`metadata.annotations[${APPROVAL}]`, HELP)];
}
