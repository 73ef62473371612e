import type { Manifest } from '../../clients/files/manifests.ts';
import type { KubeClient } from '../../clients/kubernetes/client.ts';
import type { DestinationRule, LLMInferenceService } from '../../clients/kubernetes/kinds.ts';
import type { KubeObject } from '../../clients/kubernetes/objects.ts';
import { isBefore, versionOf } from '../../diagnosis/facts.ts';
import { Failure } from '../../lib/failure.ts';
import { gateFile, grantCommand, showFile, UPSTREAM_RULES } from '../../lib/gate-files.ts';
import { actingOf, type Controllers, flavourOf } from '../../stack/controllers.ts';
import { ruleFor, tlsRule, type Upstream, upstreamsOf } from '../../stack/destination-rules.ts';
import { isOfTheGate } from '../../stack/labels.ts';
import { servicesOwning } from '../../stack/ownership.ts';
import { GATEWAY_API } from '../../stack/routes.ts';
import { evidenceAt, serviceObject } from '../../stack/service.ts';
import { GRANT } from './kserve.ts';
import type { Subject } from './subject.ts';
import type { Seen } from './table.ts';

const RULES = showFile(gateFile(UPSTREAM_RULES));
const RULE_API = 'networking.istio.io/v1';
const KIND = 'DestinationRule';

/**
 * How the gateway reaches pods that serve TLS: by a DestinationRule for each of their Services. Open Data Hub's KServe
 * writes them, upstream's does not (its router_platform_networking_default.go is empty), so the gate adds those that
 * neither the cluster nor the manifests have. The value is what is to be applied beside the manifests. `later` lists no rule
 * that is deleted before the deploy; those of now show what the controller does.
 */
export async function checkTls(
  { kube, later }: { kube: KubeClient; later: KubeClient },
  given: Subject,
): Promise<Seen<Manifest[]>> {
  const object = serviceObject(given.manifests);
  const upstreams = object?.spec?.router ? destinations(object, given.controllers) : [];
  const unread = given.unread ?? [];
  const secure = upstreams.filter(({ tls }) => tls === true);
  const plain = upstreams.filter(({ tls }) => tls === false);
  const unknown = upstreams.filter(({ tls }) => tls === null);
  const flavour = flavourOf(given.controllers);
  // Nothing that follows depends on the rules: no server is plain, and the controller writes those of the others.
  const isWritten = flavour === 'odh' && plain.length === 0;
  const read = (client: KubeClient) => (isWritten ? NOT_READ : rulesThere(client, given.service.namespace));
  const there = await read(kube);
  const rules = rulesToBe((await read(later)).rules, given);
  for (const one of plain) refuseTls(one, rules, given);
  if (plain[0] && (await writesTlsRules(kube, given)))
    throw plainServer(plain[0], 'KServe ODH v0.15 writes one', given);
  if (unread.length > 0 && secure.length === 0) {
    const seen = `whether the pods serve TLS is left to the base ${unread.join(', ')}, which the manifests do not hold`;
    return { value: [], outcome: 'not-checked', seen };
  }
  if (secure.length === 0 && unknown.length === 0) return { value: [], seen: 'the pods serve plain HTTP' };
  if (flavour === 'odh') return { value: [], seen: 'KServe of Open Data Hub writes the DestinationRules' };
  const missing = lacking(secure, rules, given);
  if (flavour === 'unknown') return unobservable(missing, there.rules, given.controllers);
  if (missing.length === 0) return withUnknown([], unknown, 'the DestinationRules are there');
  if (there.state !== 'listed') throw cannotAdd(missing, there.state, given.service.namespace);
  const added = missing.map((upstream) => asManifest(tlsRule(given.service.name, given.service.namespace, upstream)));
  const names = added.map(({ object: { metadata } }) => metadata.name).join(', ');
  const counted = added.length === 1 ? '1 DestinationRule is' : `${added.length} DestinationRules are`;
  return withUnknown(added, unknown, `${counted} added, which upstream KServe does not write: ${names}`);
}

/** Upstream's preset of vLLM serves HTTP before v0.18; from then on a ConfigMap decides. */
function destinations(object: LLMInferenceService, controllers: Controllers): Upstream[] {
  const upstreams = upstreamsOf(object);
  const servesHttp = flavourOf(controllers) === 'upstream' && areBefore(controllers, [0, 18]);
  return servesHttp ? upstreams.map((one) => ({ ...one, tls: one.tls ?? false })) : upstreams;
}

/** Whether every controller that acts on services is known to be older. */
function areBefore(controllers: Controllers, version: readonly number[]): boolean {
  return actingOf(controllers).every(({ image }) => {
    const own = versionOf(image);
    return own !== null && isBefore(own, version);
  });
}

interface Rules {
  state: 'listed' | 'no-kind' | 'forbidden';
  rules: DestinationRule[];
}

const NOT_READ: Rules = { state: 'listed', rules: [] };

async function rulesThere(kube: KubeClient, namespace: string): Promise<Rules> {
  try {
    const rules = await kube.list(RULE_API, KIND, { namespace });
    return rules ? { state: 'listed', rules } : { state: 'no-kind', rules: [] };
  } catch (error) {
    if (error instanceof Failure && error.code === 'kube-permission') return { state: 'forbidden', rules: [] };
    throw error;
  }
}

/** The rules that will be there when the stack serves: what a controller or the gate made goes, or is applied again. */
function rulesToBe(there: readonly DestinationRule[], { manifests }: Subject): DestinationRule[] {
  const own: DestinationRule[] = manifests.map(({ object }) => object).filter(({ kind }) => kind === KIND);
  const names = own.map(({ metadata }) => metadata.name);
  const stays = there.filter(
    (rule) => servicesOwning(rule).length === 0 && !isOfTheGate(rule) && !names.includes(rule.metadata.name),
  );
  return [...stays, ...own];
}

/** Those for which no rule will be there. One that turns TLS off for just this Service cannot be added to. */
function lacking(secure: readonly Upstream[], rules: readonly DestinationRule[], given: Subject): Upstream[] {
  return secure.filter(({ host, role }) => {
    const rule = ruleFor(host, given.service.namespace, { rules, clientNamespace: given.gateway?.namespace ?? null });
    if (rule?.exact && !rule.tls) throw plainRule(rule.name, host, role, given);
    return !rule?.tls;
  });
}

/** A rule with TLS before a server without it. */
function refuseTls(upstream: Upstream, rules: readonly DestinationRule[], given: Subject): void {
  const { service, gateway } = given;
  const rule = ruleFor(upstream.host, service.namespace, { rules, clientNamespace: gateway?.namespace ?? null });
  if (rule?.tls) throw plainServer(upstream, `${rule.name} in ${service.namespace} is one`, given, rule.name);
}

/**
 * Whether the controller makes TLS rules whatever the flags are: ODH v0.15 does for a gateway of Istio
 * (workload_tls_self_signed_istio.go); from v0.17 a ConfigMap decides.
 */
async function writesTlsRules(kube: KubeClient, { controllers, gateway }: Subject): Promise<boolean> {
  if (flavourOf(controllers) !== 'odh' || gateway === null) return false;
  if (!areBefore(controllers, [0, 16])) return false;
  const object = await kube.get({ apiVersion: GATEWAY_API, kind: 'Gateway', ...gateway });
  return /istio/.test(object?.spec?.gatewayClassName ?? '');
}

function plainServer({ host, role }: Upstream, rule: string, { manifests }: Subject, name?: string): Failure {
  const own = ownRule(manifests, name);
  return new Failure({
    stage: 'preflight',
    code: 'tls-plain-server',
    message: `A DestinationRule makes the gateway use TLS to ${host} (${rule}), and ${server(role)} serves plain HTTP: every request would end in ${status(role)}.`,
    hint:
      role === 'epp'
        ? 'Start the endpoint picker with --secure-serving, or remove the rule.'
        : 'Start vLLM with --ssl-certfile and --ssl-keyfile of /var/run/kserve/tls, or remove the rule.',
    blame: own || name === undefined ? 'change' : 'cluster',
    ...(own ? { evidence: evidenceAt(own, ['metadata', 'name'], 'makes the gateway use TLS') } : {}),
  });
}

function plainRule(name: string, host: string, role: Upstream['role'], { service, manifests }: Subject): Failure {
  const own = ownRule(manifests, name);
  return new Failure({
    stage: 'preflight',
    code: 'tls-rule',
    message: `DestinationRule ${name} in ${service.namespace} sets no TLS for ${host}, and ${server(role)} serves TLS: every request would end in ${status(role)}.`,
    hint: `Give it trafficPolicy.tls.mode SIMPLE with insecureSkipVerify, or take it away.`,
    blame: own ? 'change' : 'cluster',
    ...(own ? { evidence: evidenceAt(own, ['metadata', 'name'], 'sets no TLS') } : {}),
  });
}

/** The DestinationRule of that name, where the manifests bring it. */
function ownRule(manifests: readonly Manifest[], name: string | undefined): Manifest | undefined {
  return manifests.find(({ object }) => object.kind === KIND && object.metadata.name === name);
}

/** Seen on a real Envoy: a picker that is not reached ends requests in 500, a replica in 503. */
const status = (role: Upstream['role']) => (role === 'epp' ? '500' : '503');
const server = (role: Upstream['role']) => (role === 'epp' ? 'the endpoint picker' : 'vLLM');

function cannotAdd(missing: readonly Upstream[], state: 'no-kind' | 'forbidden', namespace: string): Failure {
  const hosts = missing.map(({ host }) => host).join(', ');
  const end = `Without one requests to ${hosts} end in ${[...new Set(missing.map(({ role }) => status(role)))].join(' or ')}`;
  return state === 'no-kind'
    ? new Failure({
        stage: 'preflight',
        code: 'tls-rule',
        message: `The pods serve TLS, upstream KServe writes no ${KIND}, and the cluster does not know the kind in ${RULE_API}. ${end}.`,
        hint: "Install Istio's definitions, or serve plain HTTP: no --ssl-certfile for vLLM, --secure-serving=false for the endpoint picker.",
      })
    : new Failure({
        stage: 'preflight',
        code: 'kube-permission',
        message: `The pods serve TLS, upstream KServe writes no ${KIND}, and the identity may not list them in ${namespace}. ${end}.`,
        hint: `Grant it, with the e-mail of the gate's service account for IDENTITY: ${grantCommand(['serving'], { namespace })}`,
      });
}

/** Which KServe runs is not known; rules that a controller has written for another service show what it does. */
function unobservable(
  missing: readonly Upstream[],
  there: readonly DestinationRule[],
  { found, hidden }: Controllers,
): Seen<Manifest[]> {
  if (missing.length === 0) return { value: [], seen: 'the DestinationRules are there' };
  if (there.some((rule) => servicesOwning(rule).length > 0)) {
    return { value: [], seen: 'the controller has written DestinationRules for another service of the namespace' };
  }
  const why =
    hidden.length > 0
      ? `Deployments of ${hidden.join(', ')} may not be listed`
      : found.length > 0
        ? `the controller is ${found.map(({ image, namespace }) => `${image} in ${namespace}`).join(', ')}`
        : 'no controller was found';
  return {
    value: [],
    outcome: 'not-checked',
    seen: `whether KServe writes the ${missing.length} DestinationRules that TLS needs is not observable: ${why}`,
    remedy: `${hidden.length > 0 ? `${GRANT}. ` : ''}On upstream KServe add DestinationRules such as these to the manifests: ${RULES}`,
  };
}

function withUnknown(value: Manifest[], unknown: readonly Upstream[], seen: string): Seen<Manifest[]> {
  if (unknown.length === 0) return { value, seen };
  return {
    value,
    outcome: 'not-checked',
    seen: `${value.length > 0 ? `${seen}; ` : ''}whether vLLM serves TLS is left to a preset of KServe`,
    remedy: `State it in the args of container main. If it does, add DestinationRules such as these to the manifests: ${RULES}`,
  };
}

function asManifest(object: KubeObject): Manifest {
  return { object, file: 'the DestinationRules of the gate', line: null };
}
