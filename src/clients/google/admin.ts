import {
  type Decoder,
  fromJson,
  isMap,
  isMismatch,
  list,
  maybe,
  name,
  object,
  quoted,
  text,
} from '../../lib/decode.ts';
import { adviceText } from '../../lib/failure.ts';
import { deadline } from '../../lib/poll.ts';
import type { GcpAuth } from './auth.ts';
import { adminEndpoints } from './endpoints.ts';

/** What a question to an administrator's API has brought: the thing, that there is none, or why it cannot be known. */
export type Found<T> = { is: T } | { is: null } | { unknown: string };

/** A provider of identities for Workload Identity Federation. */
export interface IdentityProvider {
  isActive: boolean;
  issuer: string;
  condition: string;
  /** CEL of `google.subject`. */
  subject: string;
}

/** Members of a role on a project or a service account. */
export interface Binding {
  role: string;
  members: string[];
}

/** What `init` and `doctor` read of a project with the rights of whoever runs them. Nothing is changed. */
export interface GoogleAdmin {
  clusters(project: string): Promise<Found<{ name: string; location: string }[]>>;
  projectNumber(project: string): Promise<Found<string>>;
  provider(fullName: string): Promise<Found<IdentityProvider>>;
  /** Who may act on a service account. */
  accountBindings(email: string): Promise<Found<Binding[]>>;
  projectBindings(project: string): Promise<Found<Binding[]>>;
  /** Permissions of a custom role. */
  rolePermissions(fullName: string): Promise<Found<string[]>>;
}

const CLUSTERS = object({ clusters: list(object({ name, location: name }), 'or-null') });
const PROJECT = object({ name });
const POLICY = object({ bindings: list(object({ role: name, members: list(text, 'or-null') }), 'or-null') });
const ROLE = object({ includedPermissions: list(text, 'or-null') });
const PROVIDER = object({
  name,
  state: maybe(text),
  attributeCondition: maybe(text),
  attributeMapping: maybe(object({})),
  oidc: maybe(object({ issuerUri: maybe(text) })),
});

const LIMIT_MS = 30_000;

export function createGoogleAdmin(options: {
  auth: GcpAuth;
  env: Readonly<Record<string, string | undefined>>;
  /** Pays for the calls of a user's credentials, which have no project of their own. */
  project: string;
  signal: AbortSignal;
}): GoogleAdmin {
  const { auth, env, signal } = options;
  const { container, iam, resourceManager } = adminEndpoints(env);
  const send = async (url: URL, body: unknown, payer: string) => {
    const response = await fetch(url, {
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      headers: {
        authorization: `Bearer ${await auth.accessToken()}`,
        'content-type': 'application/json',
        ...(payer === '' ? {} : { 'x-goog-user-project': payer }),
      },
      redirect: 'error',
      signal: deadline(signal, LIMIT_MS),
    });
    return { status: response.status, text: await response.text() };
  };
  const ask = async <T>(url: URL, decode: Decoder<T>, body?: unknown): Promise<Found<T>> => {
    try {
      const first = await send(url, body, '');
      // Only a user's own credentials need a project that pays, and others may not name one.
      const needsPayer = first.status === 403 && /quota project/i.test(first.text);
      const { status, text: answer } = needsPayer ? await send(url, body, options.project) : first;
      if (status === 404) return { is: null };
      if (status < 200 || status > 299) return { unknown: refusal(status, answer) };
      return { is: decode(fromJson(answer), '') };
    } catch (error) {
      signal.throwIfAborted();
      if (isMismatch(error)) return { unknown: `the API sent an answer of another shape: ${error.message}` };
      return { unknown: adviceText(error).replace(/\.+$/, '') };
    }
  };
  return {
    clusters: async (project) =>
      mapped(await ask(new URL(`v1/projects/${project}/locations/-/clusters`, container), CLUSTERS), ({ clusters }) =>
        clusters.map(({ name: own, location }) => ({ name: own, location })),
      ),
    projectNumber: async (project) =>
      mapped(await ask(new URL(`v3/projects/${project}`, resourceManager), PROJECT), ({ name: full }) =>
        full.replace(/^projects\//, ''),
      ),
    provider: async (fullName) =>
      mapped(await ask(new URL(`v1/${fullName}`, iam), PROVIDER), (found) => ({
        isActive: found.state === 'ACTIVE' && found.disabled !== true,
        issuer: found.oidc?.issuerUri ?? '',
        condition: found.attributeCondition ?? '',
        subject: String(found.attributeMapping?.['google.subject'] ?? ''),
      })),
    accountBindings: async (email) =>
      mapped(
        await ask(new URL(`v1/projects/-/serviceAccounts/${email}:getIamPolicy`, iam), POLICY, {}),
        ({ bindings }) => bindings,
      ),
    projectBindings: async (project) =>
      mapped(
        await ask(new URL(`v1/projects/${project}:getIamPolicy`, resourceManager), POLICY, {}),
        ({ bindings }) => bindings,
      ),
    rolePermissions: async (fullName) =>
      mapped(await ask(new URL(`v1/${fullName}`, iam), ROLE), ({ includedPermissions }) => includedPermissions),
  };
}

function mapped<T, U>(found: Found<T>, change: (value: T) => U): Found<U> {
  return 'unknown' in found || found.is === null ? (found as Found<U>) : { is: change(found.is) };
}

/** Status and sentence of a refusal. */
function refusal(status: number, body: string): string {
  try {
    const { error } = object({})(fromJson(body), '');
    const message: unknown = isMap(error) ? error.message : undefined;
    return `Google Cloud refused it with ${status}${typeof message === 'string' ? `: ${quoted(message)}` : ''}`;
  } catch {
    return `Google Cloud refused it with ${status}`;
  }
}
