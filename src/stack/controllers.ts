import type { KubeClient } from '../clients/kubernetes/client.ts';
import { unlessForbidden } from '../clients/kubernetes/forbidden.ts';
import type { Deployment } from '../clients/kubernetes/kinds.ts';

/** Where KServe's controllers are, as the Open Data Hub and the upstream project install them. */
export const KSERVE_NAMESPACES = ['opendatahub', 'kserve'] as const;

/** Open Data Hub's build writes DestinationRules, upstream's does not; `unknown` where nothing shows which one it is. */
export type Flavour = 'odh' | 'upstream' | 'unknown';

/** A Deployment of KServe that may act on LLMInferenceServices. */
export interface Controller {
  namespace: string;
  image: string;
  flavour: Flavour;
  /** Upstream's kserve-controller knows the kind's definition alone; a controller of its own acts on it. */
  actsOnServices: boolean;
}

/** What the namespaces of KServe show. */
export interface Controllers {
  found: Controller[];
  /** Namespaces whose Deployments may not be listed. */
  hidden: string[];
}

/** Reads KServe's controllers from each of their namespaces; one that may not be read hides nothing of the others. */
export async function readControllers(kube: KubeClient): Promise<Controllers> {
  const read = await Promise.all(
    KSERVE_NAMESPACES.map(async (namespace) => ({ namespace, deployments: await deploymentsIn(kube, namespace) })),
  );
  return {
    found: read.flatMap(({ namespace, deployments }) => controllersAmong(deployments ?? [], namespace)),
    hidden: read.filter(({ deployments }) => deployments === null).map(({ namespace }) => namespace),
  };
}

/** The Deployments of a namespace; null where they may not be listed. */
export async function deploymentsIn(kube: KubeClient, namespace: string): Promise<Deployment[] | null> {
  return unlessForbidden(async () => (await kube.list('apps/v1', 'Deployment', { namespace })) ?? []);
}

/** The controllers that act on LLMInferenceServices. */
export function actingOf({ found }: Pick<Controllers, 'found'>): Controller[] {
  return found.filter(({ actsOnServices }) => actsOnServices);
}

/** The flavour of the controller that acts on services; `unknown` where there is none, or one of each. */
export function flavourOf(controllers: Controllers): Flavour {
  const flavours = new Set(actingOf(controllers).map(({ flavour }) => flavour));
  const [only] = flavours;
  return flavours.size === 1 && only ? only : 'unknown';
}

/** From v0.16 on a controller of its own, `llmisvc-controller-manager`, acts on the kind. */
function controllersAmong(deployments: readonly Deployment[], namespace: string): Controller[] {
  const managers = deployments.filter(({ metadata }) => /^(?:kserve|llmisvc)-controller/.test(metadata.name));
  const own = managers.filter(({ metadata }) => metadata.name.startsWith('llmisvc'));
  return (own.length > 0 ? own : managers).map((deployment) => {
    const containers = deployment.spec?.template?.spec?.containers ?? [];
    const manager =
      containers.find(({ image = '' }) => /kserve|llmisvc/.test(image)) ??
      containers.find(({ name }) => name === 'manager') ??
      containers[0];
    const image = manager?.image ?? '';
    const flavour = flavourBy(image, deployment, namespace);
    return { namespace, image, flavour, actsOnServices: own.length > 0 || flavour !== 'upstream' };
  });
}

/**
 * By the image's path, which mirrors keep; then by the operator's label on the Deployment. A namespace is a hint only
 * where the image's path is the administrator's own.
 */
function flavourBy(image: string, { metadata }: Deployment, namespace: string): Flavour {
  const path = image.replace(/@.*$/, '').replace(/:[^/]*$/, '');
  if (/(?:^|\/)(?:opendatahub|rhoai|modh)\/|(?:^|\/)odh-kserve/.test(path)) return 'odh';
  if (/(?:^|\/)kserve\/(?:kserve|llmisvc)-controller$/.test(path)) return 'upstream';
  const labels = Object.keys(metadata.labels ?? {});
  if (labels.some((label) => /^(?:app|platform)\.opendatahub\.io\//.test(label))) return 'odh';
  if (/(?:^|\/)(?:kserve|llmisvc)-controller$/.test(path)) return namespace === 'opendatahub' ? 'odh' : 'upstream';
  return 'unknown';
}
