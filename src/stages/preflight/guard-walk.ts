import type { KubeObject } from '../../clients/kubernetes/objects.ts';
import { nearest } from '../../lib/suggest.ts';
import { type Finding, type GuardContext, type Path, pathText, shown } from './guard-context.ts';
import { type FieldLine, type FieldType, lineOf } from './guard-fields.ts';
import { neverAllowed } from './guard-never.ts';
import { valueRule } from './guard-values.ts';

const DEEPEST = 64;

/** Takes a finding at a path of the object. */
export type Refuse = (finding: Finding, path: Path) => void;

interface Walk {
  context: GuardContext;
  /** `LLMInferenceService`, and with its group. */
  names: readonly string[];
  refuse: Refuse;
}

/** Refuses every field of an object that its line does not allow, and every value that a rule of it refuses. */
export function walkFields(object: KubeObject, line: string, context: GuardContext, refuse: Refuse): void {
  const group = object.apiVersion.includes('/') ? `.${object.apiVersion.split('/')[0]}` : '';
  visit(object, { form: 'object', line, rule: null }, [], {
    context,
    names: [object.kind, `${object.kind}${group}`],
    refuse,
  });
}

function visit(value: unknown, type: FieldType, path: Path, walk: Walk): void {
  if (value === null || value === undefined) return;
  if (path.length > DEEPEST) tooDeep(walk);
  else if (!hasForm(value, type)) refuseField(path, `is not ${FORMS[type.form]}`, walk);
  else {
    visitInner(value, type, path, walk);
    if (type.rule !== null) judge(value, type.rule, path, walk);
  }
}

function visitInner(value: unknown, type: FieldType, path: Path, walk: Walk): void {
  if (type.form === 'any') visitAnything(value, path, walk);
  if (type.form === 'map') visitMap(value, type.of, path, walk);
  if (type.form === 'object') visitObject(value, type.line, path, walk);
  if (type.form !== 'list' || !Array.isArray(value)) return;
  for (const [index, item] of value.entries()) visit(item, type.of, [...path, index], walk);
}

/** Fields that only a cluster writes, as `kubectl get -o yaml` shows them. */
const EXPORTED =
  /^(?:status|metadata\.(?:uid|resourceVersion|generation|managedFields|selfLink|creationTimestamp|deletionTimestamp|deletionGracePeriodSeconds))$/;

function judge(value: unknown, rule: string, path: Path, walk: Walk): void {
  for (const finding of valueRule(rule)(value, path, walk.context)) {
    const at = [...path, ...(finding.at ?? [])];
    if (isWidened(at, walk)) continue;
    walk.refuse(withWayOut(finding, at, walk), at);
  }
}

const FORMS = { scalar: 'a single value', list: 'a list', map: 'a map', object: 'a map', any: 'anything' } as const;

function hasForm(value: unknown, { form }: FieldType): boolean {
  if (form === 'any') return true;
  if (form === 'scalar') return typeof value !== 'object';
  return typeof value === 'object' && Array.isArray(value) === (form === 'list');
}

function visitMap(value: unknown, type: FieldType, path: Path, walk: Walk): void {
  for (const [key, inner] of Object.entries(value as object)) {
    const at = [...path, key];
    if (!refusedForever(key, inner, at, walk)) visit(inner, type, at, walk);
  }
}

function visitObject(value: unknown, name: string, path: Path, walk: Walk): void {
  const line = lineOf(name);
  for (const [key, inner] of Object.entries(value as object)) {
    const at = [...path, key];
    if (refusedForever(key, inner, at, walk)) continue;
    const type = line.allowed.get(key);
    if (isWidened(at, walk)) visitAnything(inner, at, walk);
    else if (type) visit(inner, type, at, walk);
    else refuseField(at, unknownField(key, line), walk);
  }
}

function unknownField(key: string, { allowed, refused }: FieldLine): string {
  const names = [...allowed.keys()];
  const meant = refused.has(key) ? undefined : nearest(key, names);
  return `may not be set${meant ? `, and ${meant} may` : ''}; allowed there are ${names.join(', ')}`;
}

/** What a maintainer allowed by name, or what the schema leaves open: only that which nothing can allow is refused. */
function visitAnything(value: unknown, path: Path, walk: Walk): void {
  if (value === null || typeof value !== 'object') return;
  if (path.length > DEEPEST) tooDeep(walk);
  else
    for (const [key, inner] of Object.entries(value)) {
      const part = Array.isArray(value) ? Number(key) : key;
      const at = [...path, part];
      if (!refusedForever(part, inner, at, walk)) visitAnything(inner, at, walk);
    }
}

function refusedForever(key: string | number, value: unknown, path: Path, { context, refuse }: Walk): boolean {
  const finding = neverAllowed(key, value, path, context.policy);
  if (finding) refuse(finding, path);
  return finding !== null;
}

function refuseField(path: Path, message: string, walk: Walk): void {
  walk.refuse(withWayOut({ rule: 'field', message: `${pathText(path)} ${message}` }, path, walk), path);
}

/** The finding with what would end it: an input that a maintainer may widen, or the field's removal. */
function withWayOut(finding: Finding, path: Path, walk: Walk): Finding {
  if (EXPORTED.test(fieldName(path))) {
    return { ...finding, message: `${pathText(path)} may not be set: only the cluster sets it`, isExported: true };
  }
  return { ...finding, message: `${finding.message}; ${widening(finding, path, walk)}` };
}

function tooDeep({ refuse }: Walk): void {
  refuse({ rule: 'depth', message: `the manifest is nested more than ${DEEPEST} levels deep` }, []);
}

/** `spec.template.containers.image`: a field as the input `allowed-fields` names it, for every item of a list. */
const fieldName = (path: Path) => path.filter((part) => typeof part !== 'number').join('.');

function isWidened(path: Path, { context, names }: Walk): boolean {
  const field = fieldName(path);
  const { fields } = context.policy;
  return fields.includes(field) || names.some((name) => fields.includes(`${name}:${field}`));
}

function widening(finding: Finding, path: Path, { names }: Walk): string {
  if (finding.reference !== undefined) return `"allowed-references" may add ${shown(finding.reference)}`;
  return `"allowed-fields" may add ${shown(`${names[0]}:${fieldName(path)}`)}`;
}
