import type { GcpConfig, IamState } from '../protocol.ts';
import { verifyToken } from '../tokens.ts';
import { googleError, permissionDenied, unauthenticated } from './errors.ts';
import { type ApiRequest, bearer, type Reply } from './http.ts';

/** A project in which nothing is set up. */
export const emptyIam = (): IamState => ({ providers: {}, roles: {}, projectBindings: [], accounts: {}, denied: [] });

/**
 * What IAM and the Resource Manager return to a reader: a project's number, a provider of identities, a custom role, and the
 * policies of a project and of a service account. Shapes and permissions from Google's REST reference. Null for other paths.
 */
export function iamApi(request: ApiRequest, state: IamState, config: GcpConfig): Reply | null {
  const call = `${request.method} ${request.path}`;
  const found = ROUTES.map((route) => ({ ...route, match: route.path.exec(call) })).find(({ match }) => match);
  if (!found) return null;
  const token = bearer(request);
  if (token === undefined || !verifyToken(config.tokenSecret, token, Date.now())) {
    return unauthenticated(token !== undefined, 'iam.googleapis.com');
  }
  const [, name = ''] = found.match ?? [];
  if (state.denied.includes(found.permission)) return permissionDenied(found.permission, name);
  const body = found.answer(name, state, config);
  return body === undefined ? googleError('NOT_FOUND', `${name} was not found.`) : { status: 200, body };
}

interface Route {
  path: RegExp;
  permission: string;
  /** Undefined for what there is not. */
  answer: (name: string, state: IamState, config: GcpConfig) => unknown;
}

const ROUTES: readonly Route[] = [
  {
    path: /^GET \/v3\/projects\/([^/:]+)$/,
    permission: 'resourcemanager.projects.get',
    answer: (name, _, { project, projectNumber }) =>
      name === project ? { name: `projects/${projectNumber}`, projectId: project, state: 'ACTIVE' } : undefined,
  },
  {
    path: /^GET \/v1\/(projects\/\d+\/locations\/global\/workloadIdentityPools\/[^/]+\/providers\/[^/]+)$/,
    permission: 'iam.workloadIdentityPoolProviders.get',
    answer: (name, { providers }) => {
      const provider = providers[name];
      return provider && { name, state: 'ACTIVE', ...provider };
    },
  },
  {
    path: /^GET \/v1\/(projects\/[^/]+\/roles\/[^/]+)$/,
    permission: 'iam.roles.get',
    answer: (name, { roles }) => roles[name] && { name, stage: 'GA', includedPermissions: roles[name] },
  },
  {
    path: /^POST \/v1\/projects\/([^/:]+):getIamPolicy$/,
    permission: 'resourcemanager.projects.getIamPolicy',
    answer: (_, { projectBindings }) => ({ version: 1, etag: 'BwX', bindings: projectBindings }),
  },
  {
    path: /^POST \/v1\/projects\/-\/serviceAccounts\/([^/:]+):getIamPolicy$/,
    permission: 'iam.serviceAccounts.getIamPolicy',
    // A policy without bindings has no such field.
    answer: (name, { accounts }) =>
      accounts[name] && { etag: 'ACAB', ...(accounts[name].length > 0 ? { bindings: accounts[name] } : {}) },
  },
];
