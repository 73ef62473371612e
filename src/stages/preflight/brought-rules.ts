import type { Manifest } from '../../clients/files/manifests.ts';
import type { LimitRange, ResourceQuota } from '../../clients/kubernetes/kinds.ts';
import { fieldsIn, itemsIn } from '../../stack/planned-pods.ts';
import { RUN_ANNOTATION } from '../deploy/marks.ts';

/** The rules of one kind that admission in a namespace judges pods by. */
export interface Rules<Rule> {
  /** Those of the cluster and those of the manifests, as they will be once the manifests are applied. */
  all: readonly Rule[];
  /** Where the manifests have one, by its name. */
  brought: ReadonlyMap<string, Manifest>;
  /** False where the identity may not read those of the cluster. */
  isRead: boolean;
}

/** What a deploy does to the rules of a namespace. */
export interface RuleChange {
  namespace: string;
  /** Objects that it applies. */
  manifests: readonly Manifest[];
}

/**
 * The rules of a kind after a deploy. `there` are those of the cluster but for what is deleted before; null where they may
 * not be read.
 */
export function rulesOf<Rule extends ResourceQuota | LimitRange>(
  kind: Rule['kind'],
  there: readonly Rule[] | null,
  { namespace, manifests }: RuleChange,
): Rules<Rule> {
  const own = manifests.filter(
    ({ object }) =>
      object.apiVersion === 'v1' && object.kind === kind && (object.metadata.namespace ?? namespace) === namespace,
  );
  const brought = new Map(own.map((manifest) => [manifest.object.metadata.name, manifest]));
  const named = new Map((there ?? []).map((rule) => [rule.metadata.name, rule]));
  const staying = (there ?? []).filter(({ metadata: { name } }) => !brought.has(name));
  const applied = own.map(({ object }) => {
    const before = named.get(object.metadata.name);
    return ruleOf(kind, { ...object, metadata: { ...object.metadata, namespace } }, before) as Rule;
  });
  return { all: [...staying, ...applied], brought, isRead: there !== null };
}

/**
 * A rule as server-side apply leaves it: the amounts of a quota are merged, since each has an owner of its own, and the
 * limits of a LimitRange are replaced. What the gate had applied alone goes with the manifests that had it. The fields are
 * those of a pull request: each may be of any type.
 */
function ruleOf(
  kind: string,
  own: Pick<ResourceQuota, 'apiVersion' | 'kind' | 'metadata'> & { spec?: unknown },
  before: ResourceQuota | LimitRange | undefined,
): unknown {
  const { apiVersion, metadata } = own;
  const named = { apiVersion, kind, metadata };
  const spec = fieldsIn(own.spec);
  if (kind === 'LimitRange') return { ...named, spec: { limits: itemsIn(spec.limits).map(withDefaults) } };
  const kept = before?.metadata.annotations?.[RUN_ANNOTATION] === undefined ? fieldsIn(before?.spec) : {};
  const hard = { ...fieldsIn(kept, 'hard'), ...fieldsIn(spec, 'hard') };
  const merged = { ...scopesOf(kept), ...scopesOf(spec), hard };
  const used = (before as ResourceQuota | undefined)?.status?.used;
  return { ...named, spec: merged, status: { hard, ...(used === undefined ? {} : { used }) } };
}

/** What the API server fills in of a LimitRange (pkg/apis/core/v1/defaults.go, `SetDefaults_LimitRangeItem`). */
function withDefaults(item: Readonly<Record<string, unknown>>): Record<string, unknown> {
  if (item.type !== 'Container') return item;
  const limit = { ...fieldsIn(item.max), ...fieldsIn(item.default) };
  return {
    ...item,
    default: limit,
    defaultRequest: { ...fieldsIn(item.min), ...limit, ...fieldsIn(item.defaultRequest) },
  };
}

/** The scopes of a quota, where they have the shape of scopes; the dry run refuses others. */
function scopesOf(spec: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const isText = (value: unknown) => typeof value === 'string';
  const { scopes, scopeSelector } = spec;
  const matchExpressions = itemsIn(fieldsIn(scopeSelector).matchExpressions).map((one) => ({
    ...one,
    values: Array.isArray(one.values) ? one.values.filter(isText) : [],
  }));
  return {
    ...(Array.isArray(scopes) ? { scopes: scopes.filter(isText) } : {}),
    ...(matchExpressions.length > 0 ? { scopeSelector: { matchExpressions } } : {}),
  };
}
