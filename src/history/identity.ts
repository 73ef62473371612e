import { code } from './code.ts';
import type { HistoryRecord } from './record.ts';

type Field = keyof HistoryRecord['env'];

/** What is measured and how. Figures of two runs are comparable where all of it is the same. */
const CONDITIONS: readonly (readonly [Field, string])[] = [
  ['machine', 'machine type'],
  ['chips', 'number of chips per node'],
  ['replicas', 'number of replicas'],
  ['model', 'model'],
  ['workload', 'workload'],
  ['method', 'method'],
];

/** What may change the figures: a change of it is where a shift may come from. */
const CHANGE_POINTS: readonly (readonly [Field, string])[] = [
  ['vllm', 'vLLM image'],
  ['vllmDigest', 'digest of the vLLM image'],
  ['vllmVersion', 'vLLM'],
  ['picker', 'endpoint picker'],
  ['pickerDigest', 'digest of the endpoint picker'],
  ['scorers', 'scorers'],
  ['gke', 'GKE'],
  ['istio', 'Istio'],
  ['kserve', 'KServe'],
  ['gate', 'gate'],
];

/**
 * The series that a run belongs to: runs of one condition are compared, and others never. Null for a run that measured
 * nothing. Records from before the condition was kept have the hardware and model for it, and are a series of their own.
 */
export function conditionOf({ env, m }: HistoryRecord): string | null {
  if (env.cond !== undefined) return env.cond;
  return m.speedup === null ? null : JSON.stringify([env.machine, env.replicas, env.model]);
}

/** A field that differs between two runs. */
export interface Difference {
  name: string;
  from: string;
  to: string;
}

/** What changed between two runs of one series, or of two. */
export function differencesOf(before: HistoryRecord, after: HistoryRecord): Difference[] {
  const found = [...CONDITIONS, ...CHANGE_POINTS].flatMap(([field, name]) => {
    const [from, to] = [before.env[field] ?? null, after.env[field] ?? null];
    // What one of them did not record is no change.
    const isNew = before.env[field] === undefined || after.env[field] === undefined;
    if (from === to || isNew) return [];
    return [{ name, from: String(from ?? 'not known'), to: String(to ?? 'not known') }];
  });
  return [...found, ...flagsOf(before, after)];
}

/** The flags that one line has and the other does not; the hashes of the lines where the difference lies elsewhere. */
function flagsOf({ env: before }: HistoryRecord, { env: after }: HistoryRecord): Difference[] {
  if (!before.flagsHash || !after.flagsHash || before.flagsHash === after.flagsHash) return [];
  const [old, own] = [before, after].map(({ flags }) => (flags ?? '').split(/\s+(?=-)/)) as [string[], string[]];
  const from = old.filter((flag) => !own.includes(flag)).join(' ');
  const to = own.filter((flag) => !old.includes(flag)).join(' ');
  const name = 'vLLM flags';
  if (from === '' && to === '') return [{ name, from: before.flagsHash, to: after.flagsHash }];
  return [{ name, from: from || 'none', to: to || 'none' }];
}

/** `` the vLLM image changed from `a` to `b` ``; null for no difference. */
export function changedText(differences: readonly Difference[]): string | null {
  const parts = differences.map(
    ({ name, from, to }) => `${PRODUCTS.has(name) ? '' : 'the '}${name} changed from ${code(from)} to ${code(to)}`,
  );
  return parts.length === 0 ? null : parts.join(' and ');
}

/** Names that stand without an article. */
const PRODUCTS: ReadonlySet<string> = new Set(['vLLM', 'GKE', 'Istio', 'KServe']);
