import { Failure } from '../../lib/failure.ts';

/** Google's endpoints, replaceable by the variables that gcloud itself honours. */
export interface GoogleEndpoints {
  container: URL;
  sts: URL;
  iamCredentials: URL;
}

type Env = Readonly<Record<string, string | undefined>>;

/** Reads `CLOUDSDK_API_ENDPOINT_OVERRIDES_{CONTAINER,STS,IAMCREDENTIALS}`; plain http is accepted for loopback only. */
export function googleEndpoints(env: Env): GoogleEndpoints {
  return {
    container: endpoint(env, 'CONTAINER', 'https://container.googleapis.com/'),
    sts: endpoint(env, 'STS', 'https://sts.googleapis.com/'),
    iamCredentials: endpoint(env, 'IAMCREDENTIALS', 'https://iamcredentials.googleapis.com/'),
  };
}

/** Endpoints that only `init` and `doctor` ask, by the same rule. */
export function adminEndpoints(env: Env): { container: URL; iam: URL; resourceManager: URL } {
  return {
    container: endpoint(env, 'CONTAINER', 'https://container.googleapis.com/'),
    iam: endpoint(env, 'IAM', 'https://iam.googleapis.com/'),
    resourceManager: endpoint(env, 'CLOUDRESOURCEMANAGER', 'https://cloudresourcemanager.googleapis.com/'),
  };
}

function endpoint(env: Env, service: string, fallback: string): URL {
  const name = `CLOUDSDK_API_ENDPOINT_OVERRIDES_${service}`;
  const value = env[name] || fallback;
  const url = URL.canParse(value) ? new URL(value) : null;
  if (!url || !isSafe(url)) {
    throw new Failure({
      stage: 'inputs',
      code: 'bad-endpoint',
      message: `${name} is "${value}"; allowed: an https URL (http on loopback only), since access tokens are sent to it.`,
    });
  }
  return url;
}

/** https, or http on loopback: an access token is sent there. */
export function isSafe(url: URL): boolean {
  const loopback = ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
  return url.protocol === 'https:' || (url.protocol === 'http:' && loopback);
}
