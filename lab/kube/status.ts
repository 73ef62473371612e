import type { Resource } from './resources.ts';

export interface StatusCause {
  reason: string;
  message: string;
  field: string;
}

export interface Status {
  kind: 'Status';
  apiVersion: 'v1';
  metadata: Record<string, never>;
  status: 'Failure' | 'Success';
  message?: string;
  reason?: string;
  details?: Record<string, unknown>;
  /** Of a failure. */
  code?: number;
}

/** An error that is answered as a Kubernetes Status. */
export interface StatusError extends Error {
  status: Status;
  /** Sent instead of the Status: where no API is known at a path, an ordinary web server answers. */
  plainText?: string;
}

type Named = Pick<Resource, 'group' | 'plural'>;

const qualified = (resource: Named) => (resource.group ? `${resource.plural}.${resource.group}` : resource.plural);
const detailsOf = (resource: Named, name: string) => ({
  ...(name ? { name } : {}),
  ...(resource.group ? { group: resource.group } : {}),
  kind: resource.plural,
});

export function failure(code: number, reason: string, message: string, details?: Record<string, unknown>): StatusError {
  const status: Status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code };
  if (reason) status.reason = reason;
  if (details) status.details = details;
  return Object.assign(new Error(message), { status });
}

export function isStatusError(error: unknown): error is StatusError {
  return error instanceof Error && 'status' in error;
}

export const badRequest = (message: string) => failure(400, 'BadRequest', message);
export const unauthorized = () => failure(401, 'Unauthorized', 'Unauthorized');
export const gone = (message: string) => failure(410, 'Expired', message);
export const unavailable = (message: string) => failure(503, 'ServiceUnavailable', message);
export const notImplemented = (what: string) =>
  failure(501, 'NotImplemented', `the lab's API server does not implement ${what}`);
export const unsupportedMedia = (message: string) => failure(415, 'UnsupportedMediaType', message);
export const pathNotFound = () => failure(404, 'NotFound', 'the server could not find the requested resource', {});

/** 404 for what a real API server has, and the lab's has not. */
export const notInLab = (what: string) => failure(404, 'NotFound', `the lab's API server does not play ${what}`, {});

/** 404 below a group that the server does not have built in. */
export const pageNotFound = (): StatusError => Object.assign(pathNotFound(), { plainText: '404 page not found\n' });

export const notFound = (resource: Named, name: string) =>
  failure(404, 'NotFound', `${qualified(resource)} "${name}" not found`, detailsOf(resource, name));

export const alreadyExists = (resource: Named, name: string) =>
  failure(409, 'AlreadyExists', `${qualified(resource)} "${name}" already exists`, detailsOf(resource, name));

export const conflict = (resource: Named, name: string, why: string) =>
  failure(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${why}`,
    detailsOf(resource, name),
  );

export const forbidden = (resource: Named, name: string, why: string, causes?: StatusCause[]) =>
  failure(403, 'Forbidden', `${qualified(resource)}${name ? ` "${name}"` : ''} is forbidden: ${why}`, {
    ...detailsOf(resource, name),
    ...(causes ? { causes } : {}),
  });

export const methodNotAllowed = () =>
  failure(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {});

/** 422 with one cause a field; `kind` is qualified with the group when there is one. */
export function invalid(group: string, kind: string, name: string, causes: StatusCause[]): StatusError {
  const bodies = causes.map((cause) => `${cause.field}: ${cause.message}`);
  const list = bodies.length === 1 ? bodies[0] : `[${bodies.join(', ')}]`;
  const qualifiedKind = group ? `${kind}.${group}` : kind;
  return failure(422, 'Invalid', `${qualifiedKind} "${name}" is invalid: ${list}`, {
    ...(name ? { name } : {}),
    ...(group ? { group } : {}),
    ...(kind ? { kind } : {}),
    causes,
  });
}

/** The answer to a deletion that took effect at once. */
export function deleted(resource: Named, name: string, uid: string | undefined): Status {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { ...detailsOf(resource, name), ...(uid ? { uid } : {}) },
  };
}
