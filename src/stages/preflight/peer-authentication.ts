import type { KubeClient } from '../../clients/kubernetes/client.ts';
import type { PeerAuthentication } from '../../clients/kubernetes/kinds.ts';
import { Failure } from '../../lib/failure.ts';
import { portOf, readCommandLine } from '../../stack/command-line.ts';
import { upstreamsOf } from '../../stack/destination-rules.ts';
import { pickerLabels, replicaLabels } from '../../stack/labels.ts';
import { MESH_NAMESPACE, type Membership, type MtlsMode, membershipOf, mtlsModeOf } from '../../stack/mesh.ts';
import { evidenceAt, mainOf, serviceObject } from '../../stack/service.ts';
import { GRANT } from './kserve.ts';
import type { Subject } from './subject.ts';
import type { Look } from './table.ts';

const GROUP = 'security.istio.io';
const KIND = 'PeerAuthentication';
const PICKER_PORT = 9_002;
/** Of its metrics, which Prometheus reads without a certificate of the mesh. */
const PICKER_METRICS_PORT = 9_090;
const INJECT = 'sidecar.istio.io/inject';

/** A port that the gateway connects to. */
interface Port {
  /** `the endpoint picker (port 9002)`. */
  shown: string;
  /** Whether the server there has TLS of its own, to which the gateway presents no certificate of the mesh. */
  tls: boolean | null;
  mtls: MtlsMode;
}

/**
 * The mTLS that Istio demands of connections to the pods. STRICT refuses the gateway where the pods serve TLS of their
 * own: the DestinationRule for it (SIMPLE) takes the place of the mesh's mTLS. Pods outside of the mesh demand nothing.
 */
export async function checkPeerAuthentication(kube: KubeClient, given: Subject): Promise<Look> {
  const { namespace } = given.service;
  const membership = optedOut(given) ? 'none' : await membershipOf(kube, namespace);
  // Then nobody needs to read them.
  if (membership === 'none') return { seen: `pods of ${namespace} are not in the mesh, so none applies` };
  const { policies, unread } = await policiesThere(kube, given);
  const ports = portsOf(given, policies);
  const told = ports.map(({ shown, mtls }) => `${mtls.mode} at ${shown}${mtls.from ? `, by ${mtls.from}` : ''}`);
  const scrape = scrapeFinding(given, policies, membership);
  const strict = ports.filter(({ mtls }) => mtls.mode === 'STRICT');
  const refused = strict.filter(({ tls }) => tls === true);
  if (membership !== null && refused.length > 0) throw demandsMtls(refused, given, membership);
  if (unread.length > 0) {
    const seen = `PeerAuthentications of ${unread.join(', ')} may not be listed; of the others ${told.join('; ')}`;
    return { outcome: 'not-checked', seen, remedy: `${GRANT}.` };
  }
  const unsure = strict.filter(({ tls }) => tls !== false);
  if (unsure.length === 0)
    return scrape ? { ...scrape, seen: `${told.join('; ')}; ${scrape.seen}` } : { seen: told.join('; ') };
  const why = membership === null ? `whether pods of ${namespace} are in the mesh` : 'whether the pods serve TLS';
  return { outcome: 'not-checked', seen: `${told.join('; ')}; ${why} is not known`, remedy: `${GRANT}.` };
}

async function policiesThere(
  kube: KubeClient,
  { service, manifests }: Subject,
): Promise<{ policies: PeerAuthentication[]; unread: string[] }> {
  const own: PeerAuthentication[] = manifests.map(({ object }) => object).filter(({ kind }) => kind === KIND);
  const [version] = await kube.versionsOf(GROUP);
  const policies = [...own];
  const unread: string[] = [];
  if (version === undefined) return { policies, unread };
  for (const namespace of new Set([service.namespace, MESH_NAMESPACE])) {
    try {
      const there = (await kube.list(`${GROUP}/${version}`, KIND, { namespace })) ?? [];
      policies.push(...there.filter(({ metadata }) => !own.some((one) => one.metadata.name === metadata.name)));
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'kube-permission') throw error;
      unread.push(namespace);
    }
  }
  return { policies, unread };
}

function portsOf({ service, manifests }: Subject, policies: readonly PeerAuthentication[]): Port[] {
  const object = serviceObject(manifests);
  const upstreams = object ? upstreamsOf(object) : [];
  const tlsOf = (role: string) => upstreams.find((one) => one.role === role)?.tls ?? null;
  const port = portOf(readCommandLine(object && mainOf(object))) ?? 8_000;
  const at = (labels: Record<string, string>, number: number) =>
    mtlsModeOf(policies, { namespace: service.namespace, labels, port: number });
  const replica = { ...replicaLabels(service.name), ...object?.spec?.labels };
  return [
    {
      shown: `the endpoint picker (port ${PICKER_PORT})`,
      tls: tlsOf('epp'),
      mtls: at(pickerLabels(service.name), PICKER_PORT),
    },
    { shown: `vLLM (port ${port})`, tls: tlsOf('workload'), mtls: at(replica, port) },
  ];
}

/** A scraper of the manifests that mTLS would refuse: the picker's metrics are plain HTTP. Null where none is refused. */
function scrapeFinding(
  { service, manifests }: Subject,
  policies: readonly PeerAuthentication[],
  membership: Membership | null,
): Look | null {
  const labels = pickerLabels(service.name);
  const scrapers = manifests.filter(({ object: { kind, spec } }) => {
    const selected = Object.entries(
      (spec as { selector?: { matchLabels?: Record<string, string> } } | undefined)?.selector?.matchLabels ?? {},
    );
    const isScraper = kind === 'PodMonitoring' || kind === 'PodMonitor';
    return isScraper && selected.every(([name, value]) => labels[name] === value);
  });
  const { mode, from } = mtlsModeOf(policies, { namespace: service.namespace, labels, port: PICKER_METRICS_PORT });
  if (scrapers.length === 0 || mode !== 'STRICT') return null;
  const names = scrapers.map(({ object }) => `${object.kind} ${object.metadata.name}`).join(', ');
  return {
    outcome: membership === null ? 'not-checked' : 'warning',
    seen: `STRICT at the picker's metrics (port ${PICKER_METRICS_PORT}), by ${from}, refuses the scrapes of ${names}`,
    remedy: `Set portLevelMtls of ${PICKER_METRICS_PORT} to PERMISSIVE for the endpoint picker.`,
  };
}

/** Whether the service keeps sidecars out of its replicas. */
function optedOut({ manifests }: Subject): boolean {
  const { labels, annotations } = serviceObject(manifests)?.spec ?? {};
  return (labels?.[INJECT] ?? annotations?.[INJECT]) === 'false';
}

function demandsMtls(ports: readonly Port[], { service, manifests }: Subject, membership: Membership): Failure {
  const { namespace } = service;
  const from = [...new Set(ports.map(({ mtls }) => mtls.from))].join(', ');
  const own = manifests.find(
    ({ object: { kind, metadata } }) =>
      kind === KIND && ports.some(({ mtls }) => mtls.from === `${metadata.namespace}/${metadata.name}`),
  );
  const inMesh = membership === 'sidecar' ? 'have a sidecar' : 'are in the ambient mesh';
  return new Failure({
    stage: 'preflight',
    code: 'mtls-strict',
    message: `PeerAuthentication ${from} sets mTLS STRICT, pods of ${namespace} ${inMesh}, and ${ports.map(({ shown }) => shown).join(' and ')} serve TLS of their own: the gateway's connections would be refused.`,
    hint: `Set portLevelMtls of these ports to PERMISSIVE in a PeerAuthentication of ${namespace} that selects the pods, or keep sidecars out of ${namespace}.`,
    ...(own ? { blame: 'change', evidence: evidenceAt(own, ['metadata', 'name'], 'sets mTLS STRICT') } : {}),
  });
}
