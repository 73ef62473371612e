import { type Refusal, type RefusalRow, rowFor } from '../../lib/refusal.ts';

/** The image that a registry was asked for. */
export interface RegistryPlace {
  /** `docker.io`. */
  registry: string;
  /** With its registry: `docker.io/vllm/vllm-tpu`. */
  repository: string;
  /** Tag or digest. */
  version: string;
}

/** `docker.io/vllm/vllm-tpu:v0.11.0`, or with a digest. */
export function imageName({ repository, version }: RegistryPlace): string {
  return `${repository}${version.includes(':') ? '@' : ':'}${version}`;
}

const SERVER_ERRORS = Array.from({ length: 100 }, (_, index) => 500 + index);

/**
 * What a refusal of a registry means to an anonymous reader. Reasons are the codes of the OCI distribution specification
 * 1.1 (§ Error Codes), with the older ones of distribution's API v2 (TAG_INVALID) and Harbor's NOT_FOUND. What Docker Hub,
 * GHCR, Quay and Artifact Registry send: an absent tag of a readable repository is a 404; a repository that is private or
 * absent is a 401 or a 403, which does not show which of the two.
 */
export const REGISTRY_REFUSALS: readonly RefusalRow<RegistryPlace>[] = [
  {
    code: 'image-not-found',
    next: 'final',
    reasons: ['MANIFEST_UNKNOWN', 'NAME_UNKNOWN', 'NOT_FOUND'],
    remedy: ({ reasons }, place) =>
      reasons.includes('NAME_UNKNOWN')
        ? `Correct the image's name, or push it: crane manifest ${imageName(place)}`
        : `Correct the image's ${place.version.includes(':') ? 'digest' : 'tag'}, or push it. These are there: crane ls ${place.repository}`,
  },
  {
    code: 'image-not-found',
    next: 'final',
    reasons: ['NAME_INVALID', 'TAG_INVALID'],
    remedy: (_, place) => `Correct the image's name: ${place.registry} does not take it as one.`,
  },
  {
    code: 'registry-limit',
    next: 'again',
    reasons: ['TOOMANYREQUESTS'],
    statuses: [429],
    words: /^/,
    remedy: (_, { registry }) => `${registry} limits its requests. The nodes may meet the same limit.`,
  },
  {
    code: 'image-private',
    next: 'final',
    reasons: ['UNAUTHORIZED', 'DENIED'],
    statuses: [401, 403, 407],
    words: /^/,
    remedy: (_, place) => `Try it with credentials of your own: crane manifest ${imageName(place)}`,
  },
  {
    code: 'registry-down',
    next: 'again',
    reasons: ['UNAVAILABLE', 'UNKNOWN'],
    statuses: [408, ...SERVER_ERRORS],
    words: /^/,
    remedy: (_, { registry }) => `Look at the status page of ${registry}. The nodes need it too.`,
  },
];

/** The row that fits a refusal; null for a reason of its own, such as a 404 of a proxy. */
export function registryRow(refusal: Refusal): RefusalRow<RegistryPlace> | null {
  return rowFor(REGISTRY_REFUSALS, refusal);
}
