import type { KubeClient } from '../../clients/kubernetes/client.ts';
import type { LLMInferenceService } from '../../clients/kubernetes/kinds.ts';
import { isBefore, versionOf } from '../../diagnosis/facts.ts';
import { Failure } from '../../lib/failure.ts';
import { actingOf, type Controller, type Controllers, type Flavour } from '../../stack/controllers.ts';
import { ownPickerImage } from '../../stack/picker.ts';
import type { Look } from './table.ts';

/** What decides which definitions a service needs. */
interface Subject {
  flavour: Flavour;
  /** Of KServe. */
  version: readonly number[];
  service: LLMInferenceService;
}

/** A kind without which the controller, or the picker that it deploys, cannot go on. */
interface Prerequisite {
  apiVersion: string;
  kind: string;
  needed: (subject: Subject) => boolean;
  install: string;
}

const RELEASES = 'https://github.com/kubernetes-sigs';
const GIE = 'https://raw.githubusercontent.com/kubernetes-sigs/gateway-api-inference-extension';
const gatewayApi = `kubectl apply --server-side -f ${RELEASES}/gateway-api/releases/download/v1.4.1/standard-install.yaml`;
const inference = (release: string, file: string) =>
  `kubectl apply -f ${GIE}/${release}/config/crd/bases/inference.networking.${file}.yaml`;

const hasPicker = ({ service }: Subject) => service.spec?.router?.scheduler !== undefined;
/** Of the preset: Open Data Hub's v0.17 has a newer picker than upstream's. */
const hasPickerV04 = ({ flavour, version, service }: Subject) =>
  isBefore(version, [0, flavour === 'odh' ? 16 : 18]) && ownPickerImage(service) === null;
const before = (minor: number) => (subject: Subject) => isBefore(subject.version, [0, minor]);

/**
 * Which KServe needs which kinds. Read in the sources of ODH v0.15 (opendatahub-io/kserve release-v0.15, its
 * pkg/controller/llmisvc) and of kserve/kserve v0.17.1 to v0.20.0 (pkg/controller/v1alpha2/llmisvc):
 * - scheduler.go: v0.15 makes InferenceModel and the older InferencePool, v0.17 to v0.19 both InferencePools whether they
 *   are installed or not, v0.20 the newer one and the older where it is there.
 * - workload_multi_node.go: v0.17 of upstream reads a LeaderWorkerSet for every service; others tolerate its absence
 *   unless the service has a worker.
 * - workload_tls_self_signed_istio.go and router_platform_networking_odh.go: ODH makes DestinationRules.
 * - The picker of these presets before v0.18 is llm-d's v0.4, whose manager ends without InferenceObjective
 *   (gateway-api-inference-extension v1.2.0 pkg/epp/server/runserver.go); newer ones look for it first.
 */
const PREREQUISITES: readonly Prerequisite[] = [
  { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', needed: () => true, install: gatewayApi },
  { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', needed: () => true, install: gatewayApi },
  {
    apiVersion: 'inference.networking.x-k8s.io/v1alpha2',
    kind: 'InferencePool',
    needed: (subject) => hasPicker(subject) && before(20)(subject),
    install: inference('v1.3.1', 'x-k8s.io_inferencepools'),
  },
  {
    apiVersion: 'inference.networking.k8s.io/v1',
    kind: 'InferencePool',
    needed: (subject) => hasPicker(subject) && !before(17)(subject),
    install: inference('v1.5.0', 'k8s.io_inferencepools'),
  },
  {
    apiVersion: 'inference.networking.x-k8s.io/v1alpha2',
    kind: 'InferenceModel',
    needed: (subject) => hasPicker(subject) && before(16)(subject),
    install: inference('v0.3.0', 'x-k8s.io_inferencemodels'),
  },
  {
    apiVersion: 'inference.networking.x-k8s.io/v1alpha2',
    kind: 'InferenceObjective',
    needed: (subject) => hasPicker(subject) && hasPickerV04(subject),
    install: inference('v1.3.1', 'x-k8s.io_inferenceobjectives'),
  },
  {
    apiVersion: 'leaderworkerset.x-k8s.io/v1',
    kind: 'LeaderWorkerSet',
    needed: (subject) =>
      hasWorker(subject.service) || (subject.flavour === 'upstream' && !before(17)(subject) && before(18)(subject)),
    install: `kubectl apply --server-side -f ${RELEASES}/lws/releases/download/v0.7.0/manifests.yaml`,
  },
  {
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    needed: ({ flavour }) => flavour === 'odh',
    install:
      'kubectl apply --server-side -f https://raw.githubusercontent.com/istio/istio/1.28.5/manifests/charts/base/files/crd-all.gen.yaml',
  },
];

/** Versions that the table was read from: the first, and the one after the last. v0.16 was not. */
const KNOWN: Readonly<Record<Flavour, readonly (readonly [from: number, before: number])[]>> = {
  odh: [
    [15, 16],
    [17, 18],
  ],
  upstream: [[17, 21]],
  unknown: [],
};

/**
 * The kinds that the version of KServe in the cluster needs. Without one its controller repeats an error, and the
 * service never becomes ready. Throws a Failure (`prerequisite-missing`) with the commands.
 */
export async function checkPrerequisites(
  kube: Pick<KubeClient, 'serves'>,
  controllers: Controllers,
  service: LLMInferenceService,
): Promise<Look> {
  const { hidden } = controllers;
  const acting = actingOf(controllers);
  const [controller] = acting;
  if (!controller || acting.length > 1) {
    const why = controller
      ? `${acting.length} controllers act on LLMInferenceServices`
      : hidden.length > 0
        ? `the controllers of ${hidden.join(' and ')} are not readable`
        : 'no controller was found';
    return { outcome: 'not-checked', seen: `what KServe needs depends on its version, and ${why}` };
  }
  const version = versionOf(controller.image);
  if (version === null || !isKnown(controller.flavour, version)) return unknownVersion(controller);
  const subject = { flavour: controller.flavour, version, service };
  const needed = PREREQUISITES.filter(({ needed: applies }) => applies(subject));
  const served = await Promise.all(needed.map(({ apiVersion, kind }) => kube.serves(apiVersion, kind)));
  const missing = needed.filter((_, index) => !served[index]);
  if (missing.length > 0) throw lacking(missing, controller);
  return { seen: `${nameOf(controller)} has the ${needed.length} kinds that it needs` };
}

function isKnown(flavour: Flavour, [major = 0, minor = 0]: readonly number[]): boolean {
  return major === 0 && KNOWN[flavour].some(([from, end]) => minor >= from && minor < end);
}

function unknownVersion(controller: Controller): Look {
  return {
    outcome: 'not-checked',
    seen: `the gate has no table of what ${controller.image} needs`,
    remedy:
      "See that the definitions of its own installation are there; the ready stage reports the controller's errors.",
  };
}

function lacking(missing: readonly Prerequisite[], controller: Controller): Failure {
  const names = missing.map(({ apiVersion, kind }) => `${kind} (${apiVersion})`);
  return new Failure({
    stage: 'preflight',
    code: 'prerequisite-missing',
    message: `${nameOf(controller)} needs ${names.join(', ')}, which the cluster does not have: the service would never be ready.`,
    hint: `Install ${missing.length === 1 ? 'it' : 'them'}, then restart the controller: ${[...new Set(missing.map(({ install }) => `\`${install}\``))].join('; ')}`,
  });
}

/** `KServe kserve-controller:v0.15-latest`. */
function nameOf({ image }: Controller): string {
  return `KServe ${image.split('/').at(-1)}`;
}

function hasWorker({ spec }: LLMInferenceService): boolean {
  return spec?.worker !== undefined || spec?.prefill?.worker !== undefined;
}
