import type { KubeObject } from '../protocol.ts';
import { badRequest } from './status.ts';
import type { JsonObject } from './types.ts';

export type Matcher = (object: KubeObject) => boolean;

/** Label selector in its query form: equality, set-based and existence requirements. Throws 400 on what it cannot parse. */
export function labelMatcher(text: string | null): Matcher {
  if (!text?.trim()) return () => true;
  const requirements = splitOutsideParentheses(text).map(labelRequirement);
  return (object) => requirements.every((matches) => matches(object.metadata.labels ?? {}));
}

function labelRequirement(part: string): (labels: Record<string, string>) => boolean {
  const text = part.trim();
  const set = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(text);
  if (set) {
    const [, key = '', operator, list = ''] = set;
    const values = list.split(',').map((value) => value.trim());
    const isIn = operator === 'in';
    return (labels) => (labels[key] !== undefined && values.includes(labels[key])) === isIn;
  }
  const equality = /^([^\s=!<>]+)\s*(==|=|!=)\s*(\S*)$/.exec(text);
  if (equality) {
    const [, key = '', operator, value] = equality;
    return (labels) => (labels[key] === value) === (operator !== '!=');
  }
  const order = /^([^\s=!<>]+)\s*([<>])\s*(\d+)$/.exec(text);
  if (order) {
    const [, key = '', operator, limit] = order;
    return (labels) => {
      const value = Number(labels[key] ?? Number.NaN);
      return operator === '<' ? value < Number(limit) : value > Number(limit);
    };
  }
  const existence = /^(!?)\s*([^\s=!<>()]+)$/.exec(text);
  if (existence) {
    const [, not, key = ''] = existence;
    return (labels) => (labels[key] !== undefined) === (not === '');
  }
  throw badRequest(`unable to parse requirement: couldn't parse the selector string "${text}"`);
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
export function fieldMatcher(text: string | null, plural: string): Matcher {
  if (!text?.trim()) return () => true;
  const allowed = ['metadata.name', 'metadata.namespace', ...(SELECTABLE[plural] ?? [])];
  const requirements = text.split(',').map((part): Matcher => {
    const match = /^\s*([^=!\s]+)\s*(==|=|!=)\s*(.*?)\s*$/.exec(part);
    if (!match) throw badRequest(`invalid selector: '${part}'; can't understand '${part}'`);
    const [, field = '', operator, value] = match;
    if (!allowed.includes(field)) throw badRequest(`field label not supported: ${field}`);
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
  return operator === 'In' ? within : !within;
}

function splitOutsideParentheses(text: string): string[] {
  return text.split(/,(?![^()]*\))/);
}
