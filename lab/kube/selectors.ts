import type { KubeObject } from '../protocol.ts';
import type { Requirement } from './label-selector.ts';
import { parseLabelSelector } from './label-selector.ts';
import type { Resource } from './resources.ts';
import { badRequest } from './status.ts';
import type { JsonObject } from './types.ts';

export type Matcher = (object: KubeObject) => boolean;

/** Label selector in its query form: equality, set-based and existence requirements. Throws 400 on what it cannot parse. */
export function labelMatcher(text: string | null): Matcher {
  if (!text?.trim()) return () => true;
  const requirements = parseLabelSelector(text);
  return ({ metadata }) => requirements.every((each) => meets(each, metadata.labels?.[each.key]));
}

function meets({ operator, values }: Requirement, value: string | undefined): boolean {
  if (operator === 'exists') return value !== undefined;
  if (operator === 'absent') return value === undefined;
  if (operator === 'gt') return Number(value ?? Number.NaN) > Number(values[0]);
  if (operator === 'lt') return Number(value ?? Number.NaN) < Number(values[0]);
  return (value !== undefined && values.includes(value)) === (operator === 'in');
}

/** Fields that each resource can be selected by, beside metadata.name and metadata.namespace. */
const SELECTABLE: Record<string, string[]> = {
  pods: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.nominatedNodeName',
  ],
  events: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
  secrets: ['type'],
  namespaces: ['status.phase'],
  nodes: ['spec.unschedulable'],
  services: ['spec.clusterIP', 'spec.type'],
  jobs: ['status.successful'],
  replicasets: ['status.replicas'],
};

/** Field selector: `=`, `==` and `!=` on the fields the API server indexes for the resource; 400 for any other field. */
export function fieldMatcher(text: string | null, { plural, custom }: Resource): Matcher {
  if (!text?.trim()) return () => true;
  const allowed = ['metadata.name', 'metadata.namespace', ...(SELECTABLE[plural] ?? [])];
  const requirements = text.split(',').map((part): Matcher => {
    const match = /^\s*([^=!\s]+)\s*(==|=|!=)\s*(.*?)\s*$/.exec(part);
    if (!match) throw badRequest(`invalid selector: '${part}'; can't understand '${part}'`);
    const [, field = '', operator, value] = match;
    if (!allowed.includes(field)) {
      const isTold = SELECTABLE[plural] || custom;
      const why = `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`;
      throw badRequest(isTold ? `field label not supported: ${field}` : why);
    }
    return (object) => (fieldValue(object, field) === value) === (operator !== '!=');
  });
  return (object) => requirements.every((matches) => matches(object));
}

function fieldValue(object: KubeObject, field: string): string {
  if (field === 'source') return object.source?.component ?? object.reportingComponent ?? '';
  let value: unknown = object;
  for (const name of field.split('.')) value = (value as JsonObject | undefined)?.[name];
  return value === undefined || value === null ? '' : String(value);
}

/** Whether a LabelSelector object (matchLabels, matchExpressions) selects the labels; an empty one selects all. */
export function selects(selector: JsonObject | undefined, labels: Record<string, string> = {}): boolean {
  const equal = Object.entries(selector?.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  return equal && (selector?.matchExpressions ?? []).every((each: JsonObject) => expression(each, labels[each.key]));
}

function expression({ operator, values = [] }: JsonObject, value: string | undefined): boolean {
  if (operator === 'Exists') return value !== undefined;
  if (operator === 'DoesNotExist') return value === undefined;
  const within = value !== undefined && values.includes(value);
  if (operator === 'In') return within;
  if (operator === 'NotIn') return !within;
  throw new Error(`Operator ${operator} is unknown.`);
}
