import type { Cause } from '../lib/causes.ts';
import type { DecidingFact } from '../report/model.ts';
import type { Evidence } from './evidence.ts';
import { quotasIn } from './quotas.ts';

type FailureFacts = Readonly<Record<string, unknown>>;

/** What decided, by name and value, from a failure's facts and from all that was said. The value is hostile text. */
type Reader = (said: string, facts: FailureFacts) => DecidingFact[];

const one = (name: string, value: unknown): DecidingFact[] =>
  typeof value === 'string' && value !== '' ? [{ name, value }] : [];

const permission: Reader = (said, { facts, missing }) => {
  if (Array.isArray(missing)) return missing.flatMap((each) => one('Missing', each));
  const [, verb, resource, group, namespace] = RBAC.exec(said) ?? [];
  if (verb) {
    const what = `${verb} ${resource}${group ? `.${group}` : ''}`;
    return one('Missing', `${what}${namespace ? ` in ${namespace}` : ''}`);
  }
  return one('Missing', text(facts, 'permission') ?? first(said, PERMISSIONS));
};

const RBAC = /cannot (\w+) resource "([\w./-]+)" in API group "([\w.-]*)"(?: in the namespace "([\w.-]+)")?/;

const PERMISSIONS = [
  /Required ["']([a-z]+\.[\w.]+)["'] permission/i,
  /permission:? ["']([a-z]+\.[\w.]+)["']/i,
  /["']([a-z]+\.[A-Za-z]+\.[A-Za-z]+)["'] (?:permission|denied)/,
  /permission:? ((?:iam|container|compute|serviceusage)\.[\w.]+\w)/i,
  /\b((?:iam|container|compute|serviceusage)\.[a-zA-Z]+\.[a-zA-Z]+)\b/,
];

const quota: Reader = (said, { facts, asked }) => {
  const nodes = typeof asked === 'number' ? asked : null;
  return quotasIn(said, strings(facts), nodes).flatMap((each) => one('Quota', each));
};

const field: Reader = (_, { fields, file, line }) => {
  if (!Array.isArray(fields)) return [];
  return fields.slice(0, 3).flatMap((name, index) => {
    const place = index === 0 && typeof file === 'string' && typeof line === 'number' ? ` at ${file}:${line}` : '';
    return one('Field', `.${String(name).replace(/^\./, '')}${place}`);
  });
};

/** What each cause is decided by, beyond its own sentence. */
const READERS: Partial<Record<Cause, Reader>> = {
  'gke.permission': permission,
  'gke.node-permission': permission,
  'auth.impersonation': permission,
  'kube.permission': permission,
  'picker.forbidden': permission,
  'gke.quota': quota,
  'gcp.rate-limit': quota,
  'namespace.quota': quota,
  'pods.quota': quota,
  'gcp.api-disabled': (said, { facts }) =>
    one('API', text(facts, 'service') ?? /\b([a-z]+\.googleapis\.com)\b/.exec(said)?.[1]),
  'gke.org-policy': (said) => one('Constraint', /\b(constraints\/[\w.]+)/.exec(said)?.[1]),
  'manifest.invalid': field,
  'manifest.conflict': field,
  'manifest.admission': field,
  'manifest.immutable': field,
};

/** The facts that decided on a cause; none where its sentence has them all. `seen` are the lines that showed it. */
export function decidingFacts(cause: Cause, { failure }: Evidence, seen: readonly string[]): DecidingFact[] {
  const said = [failure?.message ?? '', ...seen].join('\n');
  return READERS[cause]?.(said, failure?.evidence ?? {}).slice(0, MOST_FACTS) ?? [];
}

const MOST_FACTS = 4;

function first(said: string, patterns: readonly RegExp[]): string | undefined {
  for (const pattern of patterns) {
    const found = pattern.exec(said)?.[1];
    if (found) return found;
  }
  return undefined;
}

const text = (facts: unknown, name: string): string | undefined => strings(facts)[name];

function strings(facts: unknown): Readonly<Record<string, string>> {
  const entries = facts !== null && typeof facts === 'object' ? Object.entries(facts) : [];
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}
