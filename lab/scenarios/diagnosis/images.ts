import type { DiagnosisScenario } from '../types.ts';
import { SHORT, scenario } from './shared.ts';

const UNPACK = 'failed to pull and unpack image "IMAGE"';
const RESOLVE = `${UNPACK}: failed to resolve reference "IMAGE"`;
const REGISTRY = 'https://registry.redhat.io/v2/rhaiis/vllm-tpu-rhel9/manifests/3.2.5';
const head = (status: string) => `${RESOLVE}: unexpected status from HEAD request to ${REGISTRY}: ${status}`;

interface Row {
  name: string;
  summary: string;
  cause: string;
  /** containerd's words. */
  error: string;
  shows: string;
  remedy?: string;
  /** The kubelet tries on, so that the wait has to be a short one. */
  short?: true;
  outside?: true;
}

/** Pulls that fail, in the words of containerd 1.7 and 2.0. */
const ROWS: readonly Row[] = [
  {
    name: 'image-rate-limit',
    summary: 'the registry limits pulls: 429',
    cause: 'image.rate-limited',
    error: `${UNPACK}: failed to copy: httpReadSeeker: failed open: unexpected status code: 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit`,
    shows: 'You have reached your pull rate limit',
    short: true,
  },
  {
    name: 'image-401',
    summary: 'the credentials of the pull secret are not valid: 401',
    cause: 'image.pull-denied',
    error: `${RESOLVE}: failed to authorize: failed to fetch oauth token: unexpected status from GET request to https://registry.redhat.io/auth/realms/rhcc/protocol/redhat-docker-v2/auth: 401 Unauthorized`,
    shows: '401 Unauthorized',
    remedy: 'create secret docker-registry',
  },
  {
    name: 'image-403',
    summary: 'the nodes may not read the repository: 403',
    cause: 'image.pull-denied',
    error: head('403 Forbidden'),
    shows: '403 Forbidden',
  },
  {
    name: 'image-of-artifact-registry',
    summary: 'the nodes may not read a repository of Artifact Registry',
    cause: 'image.pull-denied',
    error: `${RESOLVE}: failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://europe-docker.pkg.dev/v2/token?scope=repository%3Ateam%2Fvllm%3Apull: 403 Forbidden`,
    shows: 'failed to fetch anonymous token',
  },
  {
    name: 'image-of-docker-hub',
    summary: 'Docker Hub does not tell a private repository from a missing one',
    cause: 'image.pull-denied',
    error: `${RESOLVE}: pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed`,
    shows: 'repository does not exist or may require authorization',
  },
  {
    name: 'image-404',
    summary: 'the registry does not know the tag: 404',
    cause: 'image.not-found',
    error: head('404 Not Found'),
    shows: '404 Not Found',
  },
  {
    name: 'image-disk',
    summary: 'the image does not fit on the disk of the node',
    cause: 'model.disk-full',
    error: `${UNPACK}: failed to extract layer sha256:0123456789abcdef: write /var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/91/fs/opt/vllm/lib.so: no space left on device: unknown`,
    shows: 'no space left on device',
    remedy: '--disk-size',
    short: true,
  },
  {
    name: 'image-platform',
    summary: 'the image has no build for the nodes',
    cause: 'image.wrong-platform',
    error: `${UNPACK}: no match for platform in manifest: not found`,
    shows: 'no match for platform in manifest',
  },
  {
    name: 'outside-image-503',
    summary: 'the registry is down',
    cause: 'unknown.ready-timeout',
    error: head('503 Service Unavailable'),
    shows: '503 Service Unavailable',
    short: true,
    outside: true,
  },
  {
    name: 'outside-image-dns',
    summary: 'the nodes cannot resolve the name of the registry',
    cause: 'unknown.ready-timeout',
    error: `${RESOLVE}: failed to do request: Head "${REGISTRY}": dial tcp: lookup registry.redhat.io on 169.254.169.254:53: no such host`,
    shows: 'lookup registry.redhat.io',
    short: true,
    outside: true,
  },
  {
    name: 'outside-image-tls',
    summary: 'the nodes do not trust the certificate of the registry',
    cause: 'unknown.ready-timeout',
    error: `${RESOLVE}: failed to do request: Head "${REGISTRY}": tls: failed to verify certificate: x509: certificate signed by unknown authority`,
    shows: 'x509: certificate signed by unknown authority',
    short: true,
    outside: true,
  },
  {
    name: 'outside-image-timeout',
    summary: 'the nodes get no connection to the registry',
    cause: 'unknown.ready-timeout',
    error: `${RESOLVE}: failed to do request: Head "${REGISTRY}": dial tcp 104.18.0.1:443: i/o timeout`,
    shows: 'dial tcp 104.18.0.1:443: i/o timeout',
    short: true,
    outside: true,
  },
];

/** Images that cannot be pulled. */
export const IMAGE_SCENARIOS: readonly DiagnosisScenario[] = [
  ...ROWS.map(({ name, summary, cause, error, shows, remedy, short, outside }) =>
    scenario(name, summary, cause, {
      cluster: { containers: [{ in: 'replica', container: 'main', pull: { error } }] },
      shows: [shows],
      ...(remedy && { remedy }),
      ...(short && { flags: SHORT }),
      ...(outside && { outside }),
    }),
  ),
  scenario('image-endless', 'the image is so large that its pull outlasts the wait', 'ready.pulling', {
    cluster: { containers: [{ in: 'replica', container: 'main', pull: 'endless' }] },
    flags: SHORT,
  }),
];
