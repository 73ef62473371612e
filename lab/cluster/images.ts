import { type ContainerSpec, containerEvent, faultOf, type PodContext, setWaiting } from './pod-context.ts';
import type { ContainerRecord } from './pod-status.ts';
import { quantity } from './quantity.ts';
import { SECRETS } from './resources.ts';

/** Seconds of cluster time to pull: the vLLM image has several GB, the others little. */
const PULL_LARGE = 20;
const PULL_SMALL = 3;
/** The kubelet notices at its next sync that the pull is to back off. */
const NEXT_SYNC = 5;
const FIRST_BACKOFF = 10;
const LONGEST_BACKOFF = 300;

/** Gets a container's image onto the node; keeps trying, with the kubelet's back-off, until it can or the pod ends. */
export async function pullImage(context: PodContext, container: ContainerSpec, record: ContainerRecord): Promise<void> {
  const { clock, signal, images } = context;
  const image = container.image;
  if (images.has(image) && container.imagePullPolicy !== 'Always' && !faultOf(context, container)?.pull) {
    const present = `Container image "${image}" already present on machine`;
    containerEvent(context, record, 'Normal', 'Pulled', present);
    return;
  }
  for (let backoff = FIRST_BACKOFF; ; backoff = Math.min(backoff * 2, LONGEST_BACKOFF)) {
    const missing = missingPullSecrets(context);
    if (missing.length > 0) {
      const message = `Unable to retrieve some image pull secrets (${missing.join(', ')}); attempting to pull the image may not succeed.`;
      context.event(context.pod, 'Warning', 'FailedToRetrieveImagePullSecret', message);
    }
    containerEvent(context, record, 'Normal', 'Pulling', `Pulling image "${image}"`);
    const fault = faultOf(context, container)?.pull;
    if (fault === 'endless') for (;;) await clock.pause(3_600, signal);
    const error = refusal(context, container, missing.length);
    if (error === null) {
      const seconds = clock.jitter(isLarge(container) ? PULL_LARGE : PULL_SMALL);
      await clock.wait(seconds, signal);
      images.add(image);
      const took = `${seconds.toFixed(3)}s (${seconds.toFixed(3)}s including waiting)`;
      containerEvent(context, record, 'Normal', 'Pulled', `Successfully pulled image "${image}" in ${took}.`);
      return;
    }
    await clock.wait(clock.jitter(2), signal);
    containerEvent(context, record, 'Warning', 'Failed', `Failed to pull image "${image}": ${error}`);
    containerEvent(context, record, 'Warning', 'Failed', 'Error: ErrImagePull');
    setWaiting(context, record, 'ErrImagePull', error);
    await clock.pause(NEXT_SYNC, signal);
    containerEvent(context, record, 'Normal', 'BackOff', `Back-off pulling image "${image}"`);
    containerEvent(context, record, 'Warning', 'Failed', 'Error: ImagePullBackOff');
    const message = `Back-off pulling image "${image}": ErrImagePull: ${error}`;
    setWaiting(context, record, 'ImagePullBackOff', message);
    await clock.pause(backoff, signal);
  }
}

/** containerd's error for a pull that cannot work, or null. */
function refusal(context: PodContext, container: ContainerSpec, missingSecrets: number): string | null {
  const image = container.image;
  const fault = faultOf(context, container)?.pull;
  if (fault && fault !== 'endless') return fault.error.replaceAll('IMAGE', image);
  const unpack = `failed to pull and unpack image "${image}": failed to resolve reference "${image}"`;
  // A pod that names pull secrets does so because the registry of its model server wants them.
  if (isLarge(container) && missingSecrets > 0 && missingSecrets === (context.pod.spec.imagePullSecrets ?? []).length) {
    return `rpc error: code = Unknown desc = ${unpack}: failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://${image.split('/')[0]}/auth/realms/token: 401 Unauthorized`;
  }
  if (context.scenario.cluster.image === 'not-found' && isLarge(container)) {
    return `rpc error: code = NotFound desc = ${unpack}: ${image}: not found`;
  }
  return null;
}

/** The image of the container that uses the TPU is the model server's. */
function isLarge(container: ContainerSpec): boolean {
  const { limits, requests } = container.resources ?? {};
  return quantity(limits?.['google.com/tpu'] ?? requests?.['google.com/tpu']) > 0;
}

function missingPullSecrets({ pod, store }: PodContext): string[] {
  return ((pod.spec.imagePullSecrets ?? []) as { name: string }[])
    .map((secret) => secret.name)
    .filter((name) => !store.get(SECRETS, pod.metadata.namespace, name));
}
