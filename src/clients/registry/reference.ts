/** Where an image is, as a container runtime takes its reference. */
export interface ImageReference {
  /** `docker.io`, `ghcr.io`, `registry.example.com:5000`. */
  registry: string;
  repository: string;
  /** Tag, or digest where there is one: a runtime then ignores the tag. */
  version: string;
  isDigest: boolean;
}

const COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
/** The names of the OCI distribution specification 1.1, and the domains of distribution/reference. */
const REPOSITORY = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
const DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*(?::[0-9]{1,5})?$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})$/;
const LONGEST_REPOSITORY = 255;

/**
 * Reads an image reference by the rules of distribution/reference: a first part with a dot, a colon or the name localhost
 * is the registry, else it is docker.io; a docker.io name of one part is in `library/`; no tag is `latest`. Null for what
 * is not a reference.
 */
export function imageReference(given: string): ImageReference | null {
  const [named = '', digest, ...more] = given.split('@');
  if (more.length > 0 || (digest !== undefined && !DIGEST.test(digest))) return null;
  const [, name = '', tag] = /^(.*?)(?::([^:/]*))?$/.exec(named) ?? [];
  if (tag !== undefined && !TAG.test(tag)) return null;
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const isDomain = /[.:]/.test(first) || first === 'localhost';
  const registry = isDomain ? (first === 'index.docker.io' ? DOCKER : first) : DOCKER;
  const rest = isDomain ? name.slice(slash + 1) : name;
  const repository = registry === DOCKER && !rest.includes('/') ? `library/${rest}` : rest;
  if (!DOMAIN.test(registry) || !REPOSITORY.test(repository) || repository.length > LONGEST_REPOSITORY) return null;
  return { registry, repository, version: digest ?? tag ?? 'latest', isDigest: digest !== undefined };
}

/** Whether a text is the digest of a manifest. */
export function isDigestText(text: string): boolean {
  return DIGEST.test(text);
}

const DOCKER = 'docker.io';

/** The address of a registry; docker.io has its API under another name. */
export function registryOrigin({ registry }: ImageReference): URL {
  return new URL(`https://${registry === DOCKER ? 'registry-1.docker.io' : registry}`);
}
