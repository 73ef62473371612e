import type { KubeClient } from '../../clients/kubernetes/client.ts';
import { isBefore, versionOf } from '../../diagnosis/facts.ts';
import { Failure } from '../../lib/failure.ts';
import { grantCommand } from '../../lib/gate-files.ts';
import { type Controllers, deploymentsIn, KSERVE_NAMESPACES, readControllers } from '../../stack/controllers.ts';
import type { Seen } from './table.ts';

export const SERVICE_GROUP = 'serving.kserve.io';
const POOL_GROUPS = ['inference.networking.k8s.io', 'inference.networking.x-k8s.io'] as const;
export const GRANT = `${grantCommand(['evidence'])} lets the gate look`;
const ISTIO_NAMESPACE = 'istio-system';

/** Image of istiod; null where none runs, or where it may not be read (`hidden`). */
export interface Istiod {
  image: string | null;
  hidden: boolean;
}

/** The controllers of the cluster, as far as their namespaces may be read. */
export interface Versions {
  controllers: Controllers;
  istiod: Istiod;
}

/** Reads the controllers. Best effort: it needs rights in their namespaces. */
export async function readVersions(kube: KubeClient): Promise<Versions> {
  const [controllers, istio] = await Promise.all([readControllers(kube), deploymentsIn(kube, ISTIO_NAMESPACE)]);
  const istiod = (istio ?? []).find(({ metadata }) => metadata.name.startsWith('istiod'));
  const image = istiod?.spec?.template?.spec?.containers[0]?.image ?? null;
  return { controllers, istiod: { image, hidden: istio === null } };
}

/** Definitions and controller: who will act on the service, and on which InferencePool. */
export async function checkKserve(kube: KubeClient, { found, hidden }: Controllers): Promise<Seen<readonly string[]>> {
  const served = await kube.versionsOf(SERVICE_GROUP);
  if (served.length === 0) {
    throw new Failure({
      stage: 'preflight',
      code: 'kserve-missing',
      message: `The cluster serves no API of ${SERVICE_GROUP}: KServe's LLMInferenceService is not installed.`,
      hint: 'Install KServe v0.17 or later, or the Open Data Hub build of v0.15.',
    });
  }
  const idle = found.filter(({ actsOnServices }) => !actsOnServices);
  const [plain] = idle;
  if (plain && idle.length === found.length && hidden.length === 0) throw ignores(plain.image);
  const groups = await Promise.all(
    POOL_GROUPS.map(async (group) => ((await kube.versionsOf(group)).length > 0 ? group : null)),
  );
  const pools = groups.filter((group) => group !== null);
  if (pools.length === 0) {
    throw new Failure({
      stage: 'preflight',
      code: 'inference-pool-missing',
      message: `The cluster serves InferencePool in neither ${POOL_GROUPS.join(' nor ')}: there is nothing for an endpoint picker to pick from.`,
      hint: 'Install the definitions of the Gateway API Inference Extension.',
    });
  }
  const shown = found.map(({ image, namespace }) => `${image} in ${namespace}`).join(', ');
  const told = (controller: string) =>
    `${SERVICE_GROUP}/${served.join(', ')}; ${controller}; InferencePool in ${pools.join(', ')}`;
  if (found.length > idle.length) return { value: pools, seen: told(shown) };
  if (hidden.length > 0) {
    const rest = plain ? `${shown} ignores LLMInferenceServices, and ` : '';
    return {
      value: pools,
      outcome: 'not-checked',
      seen: told(`${rest}the controllers of ${hidden.join(' and ')} are not readable`),
      remedy: `${GRANT} at the controller's version.`,
    };
  }
  return {
    value: pools,
    outcome: 'warning',
    seen: told('no controller found'),
    remedy: `No controller runs in ${KSERVE_NAMESPACES.join(' or ')}; see that it runs elsewhere.`,
  };
}

/** Before v0.16 upstream has only the definition of the kind; since then a controller of its own has to be installed. */
function ignores(image: string): Failure {
  const version = versionOf(image);
  const old = version !== null && isBefore(version, [0, 16]);
  return new Failure({
    stage: 'preflight',
    code: 'kserve-upstream-v0.15',
    message: `The controller is ${image}, which ignores LLMInferenceServices: nothing would be made of the manifests.`,
    hint: old
      ? 'Install KServe v0.17 or later, or the Open Data Hub build of v0.15.'
      : "Install KServe's llmisvc-controller-manager of the same version beside it.",
  });
}
