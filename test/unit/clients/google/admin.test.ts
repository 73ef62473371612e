import { afterEach, describe, expect, it } from 'vitest';
import { googleError } from '../../../../lab/google/errors.ts';
import type { Inject } from '../../../../lab/google/http.ts';
import { type GcpLab, startGcpLab } from '../../../../lab/test/google/gcp-lab.ts';
import { createGoogleAdmin } from '../../../../src/clients/google/admin.ts';
import type { GcpAuth } from '../../../../src/clients/google/auth.ts';
import { Failure } from '../../../../src/lib/failure.ts';

let lab: GcpLab;
afterEach(() => lab?.close());

async function admin(inject?: Inject, accessToken?: GcpAuth['accessToken']) {
  lab = await startGcpLab(inject ? { inject } : {});
  const env = Object.fromEntries(
    ['CONTAINER', 'IAM', 'CLOUDRESOURCEMANAGER'].map((api) => [
      `CLOUDSDK_API_ENDPOINT_OVERRIDES_${api}`,
      `${lab.url}/`,
    ]),
  );
  const auth = { accessToken: accessToken ?? (async () => lab.token) } as GcpAuth;
  return createGoogleAdmin({ auth, env, project: 'demo', signal: new AbortController().signal });
}

describe('what is set up in Google Cloud', () => {
  it('is read as it is, and what is not there is no error', async () => {
    const google = await admin();
    expect(await google.clusters('demo')).toEqual({ is: [{ name: 'serving', location: 'us-east5-b' }] });
    expect(await google.projectNumber('demo')).toEqual({ is: '123456789012' });
    expect(await google.projectNumber('other')).toEqual({ is: null });
    expect(await google.rolePermissions('projects/demo/roles/r')).toEqual({ is: null });
    expect(await google.projectBindings('demo')).toEqual({ is: [] });
  });

  it('is unknown where it is refused, and where the answer is no answer', async () => {
    const refused = await admin(() => googleError('PERMISSION_DENIED', 'Permission "iam.roles.get" denied.'));
    const unknown = { unknown: `Google Cloud refused it with 403: "Permission 'iam.roles.get' denied."` };
    expect(await refused.rolePermissions('projects/demo/roles/r')).toEqual(unknown);
    await lab.close();
    const damaged = await admin(() => ({ status: 200, raw: '<html><title>Sign in</title>' }));
    expect(await damaged.accountBindings('a@b')).toEqual({
      unknown: expect.stringMatching(/^the API sent an answer of another shape: .*Sign in/),
    });
  });

  it('names what to run where there are no credentials', async () => {
    const none = new Failure({
      stage: 'preflight',
      code: 'gcp-no-credentials',
      message: 'None.',
      hint: 'Run gcloud auth.',
    });
    const google = await admin(undefined, () => Promise.reject(none));
    expect(await google.projectNumber('demo')).toEqual({ unknown: 'None. Run gcloud auth' });
  });

  it('names the project that pays where Google asks for one, and to nobody else', async () => {
    const payers: unknown[] = [];
    const google = await admin(({ headers }) => {
      payers.push(headers['x-goog-user-project']);
      const text = 'The iam.googleapis.com API requires a quota project, which is not set by default.';
      return payers.length === 1 ? googleError('PERMISSION_DENIED', text) : undefined;
    });
    expect(await google.projectNumber('demo')).toEqual({ is: '123456789012' });
    expect(await google.projectNumber('demo')).toEqual({ is: '123456789012' });
    expect(payers).toEqual([undefined, 'demo', undefined]);
  });
});
