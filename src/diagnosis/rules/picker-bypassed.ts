import { gateFile, showFile } from '../../lib/gate-files.ts';
import { isBefore, versionOf } from '../facts.ts';
import { makerOf, ownObject, removal } from './own-objects.ts';
import { consequence, contactRule, mayBeOff } from './picker-contact.ts';
import type { Rule } from './rule.ts';

/** Something on the gateway switches the endpoint picker off: its Envoys do not even try to ask. */
export const PICKER_BYPASSED_RULES: readonly Rule[] = [
  contactRule({
    cause: 'routing.envoyfilter',
    title: 'An EnvoyFilter erases the configuration of the endpoint picker',
    looksLike:
      'the picker is not asked, and an EnvoyFilter removes ext_proc, or overrides it for a route without a gRPC service',
    shows: ({ cluster, ...evidence }, contact) => {
      if (!mayBeOff(contact)) return null;
      const filters = cluster?.filters.filter(({ erasesPicker }) => erasesPicker) ?? [];
      if (filters.length === 0) return null;
      const names = filters.map(({ namespace, name }) => `${namespace}/${name}`);
      return {
        seen: names.map((name) => `EnvoyFilter ${name}: removes ext_proc, or overrides it without a grpc_service`),
        explanation: `EnvoyFilter ${names.join(', ')} replaces or removes what Istio wrote for the endpoint picker. ${consequence(contact)}`,
        ...makerOf(ownObject({ cluster, ...evidence }, 'EnvoyFilter', names)),
      };
    },
    remedy: ({ cluster, ...evidence }) => {
      const filters = cluster?.filters.filter(({ erasesPicker }) => erasesPicker) ?? [];
      const names = filters.map(({ namespace, name }) => `${namespace}/${name}`);
      const own = ownObject({ cluster, ...evidence }, 'EnvoyFilter', names);
      const remove = `kubectl -n ${filters[0]?.namespace} delete envoyfilter ${filters[0]?.name}`;
      return `${removal(own, remove)}; Istio 1.27 and later need none.`;
    },
  }),
  contactRule({
    cause: 'routing.filter-misses',
    title: 'An EnvoyFilter names routes that the service does not have any more',
    looksLike:
      'the picker is not asked on Istio before 1.27. The filter that should do so names rules whose places or names have changed',
    shows: ({ cluster, report, ...evidence }, contact) => {
      if (!mayBeOff(contact)) return null;
      const version = versionOf(cluster?.istiodImage ?? null);
      const own = cluster?.routes.find((route) => route.own);
      if (!own || !version || !isBefore(version, [1, 27])) return null;
      const names = own.rules.map((rule, index) => rule ?? `${own.namespace}.${own.name}.${index}`);
      const missing = (cluster?.filters ?? []).flatMap(({ namespace, name, routes }) =>
        routes.length > 0 && !routes.some((route) => names.includes(route))
          ? [{ filter: `${namespace}/${name}`, routes }]
          : [],
      );
      if (missing.length === 0) return null;
      return {
        seen: [
          ...missing.map(({ filter, routes }) => `EnvoyFilter ${filter}: ${routes.join(', ')}`),
          `routes of ${report.plan.service}: ${names.join(', ')}`,
        ],
        explanation: `EnvoyFilter ${missing.map(({ filter }) => filter).join(', ')} names none of the routes that KServe has made. ${consequence(contact)}`,
        ...makerOf(
          ownObject(
            { cluster, report, ...evidence },
            'EnvoyFilter',
            missing.map(({ filter }) => filter),
          ),
        ),
      };
    },
    remedy: () =>
      `Name the routes that the evidence lists; Istio 1.27 and later need no filter. One that names them: ${showFile(gateFile('manifests/components/envoyfilter/envoyfilter.yaml'))}`,
  }),
  contactRule({
    cause: 'routing.older-route',
    title: 'An older route of the gateway switches the endpoint picker off',
    looksLike:
      'the picker is not asked, Istio is older than 1.28.5, and another HTTPRoute of the gateway is older than the route of the service',
    shows: ({ cluster, ...evidence }, contact) => {
      if (!mayBeOff(contact)) return null;
      const own = cluster?.routes.find((route) => route.own);
      const version = versionOf(cluster?.istiodImage ?? null);
      if (!own || (version && !isBefore(version, [1, 28, 5]))) return null;
      const older =
        cluster?.routes.filter(
          (route) =>
            !route.own && !route.gates && route.createdAt < own.createdAt && sharesHost(route.hostnames, own.hostnames),
        ) ?? [];
      if (older.length === 0) return null;
      const names = older.map(({ namespace, name }) => `${namespace}/${name}`);
      return {
        seen: older.map(
          ({ namespace, name, createdAt }) =>
            `HTTPRoute ${namespace}/${name}: since ${createdAt}; ${own.name}: since ${own.createdAt}`,
        ),
        explanation: `Istio ${version?.join('.') ?? 'before 1.28.5'} keeps the pool configuration of the oldest HTTPRoute of a gateway and hostname alone; ${names.join(', ')} is older than ${own.name}.`,
        ...makerOf(ownObject({ cluster, ...evidence }, 'HTTPRoute', names)),
      };
    },
    remedy: () =>
      'Give the service a hostname or a gateway of its own, remove the other route, or upgrade Istio to 1.28.5 or later.',
  }),
  contactRule({
    cause: 'routing.shared-names',
    title: 'Another service of the gateway has rules of the same names',
    looksLike:
      'the picker is not asked, and another route of the gateway with an InferencePool has rules named alike (KServe v0.19 and later)',
    shows: ({ cluster, ...evidence }, contact) => {
      if (!mayBeOff(contact)) return null;
      const own = cluster?.routes.find((route) => route.own);
      const named = (own?.rules ?? []).filter((rule) => rule !== null);
      const others = (cluster?.routes ?? []).filter(
        (route) =>
          !route.own &&
          !route.gates &&
          route.pools.length > 0 &&
          route.rules.some((rule) => rule !== null && named.includes(rule)),
      );
      if (!own || others.length === 0) return null;
      const names = others.map(({ namespace, name }) => `${namespace}/${name}`);
      return {
        seen: others.map(
          ({ namespace, name, rules }) =>
            `HTTPRoute ${namespace}/${name}: ${rules.filter((rule) => rule !== null && named.includes(rule)).join(', ')}`,
        ),
        explanation: `Istio keeps the pool of a named rule under its bare name, and ${names.join(', ')} has rules of the same names as ${own.name}: requests of one are scheduled by the picker of the other.`,
        ...makerOf(ownObject({ cluster, ...evidence }, 'HTTPRoute', names)),
      };
    },
    remedy: () => 'Give each LLMInferenceService a gateway or a hostname of its own.',
  }),
];

/** No hostname stands for all of them. */
function sharesHost(a: readonly string[], b: readonly string[]): boolean {
  return a.length === 0 || b.length === 0 || a.some((host) => b.includes(host));
}
