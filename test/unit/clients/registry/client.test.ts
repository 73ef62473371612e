import { afterEach, describe, expect, it } from 'vitest';
import { type ApiRequest, type Listener, listen, type Reply } from '../../../../lab/google/http.ts';
import { refusal, startRegistry } from '../../../../lab/registry/server.ts';
import { createRegistryClient, type ImageAnswer } from '../../../../src/clients/registry/client.ts';
import { registryMirror } from '../../../../src/clients/registry/endpoints.ts';
import { imageReference } from '../../../../src/clients/registry/reference.ts';
import { registryRow } from '../../../../src/clients/registry/refusals.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function lookUp(mirror: string | null, image: string, env: Record<string, string> = {}): Promise<ImageAnswer> {
  const client = createRegistryClient({
    signal: new AbortController().signal,
    userAgent: 'test',
    env,
    mirror: mirror === null ? null : new URL(mirror),
    limitMs: 1_500,
  });
  closers.push(client.close);
  return client.lookUp(imageReference(image)!);
}

/** Code of the table for what the registry refused. */
const meaning = (answer: ImageAnswer) =>
  answer.is === 'refused' ? (registryRow(answer.refusal)?.code ?? 'of its own') : answer.is;

async function registry(
  faults: Partial<Parameters<typeof startRegistry>[0]> = {},
): Promise<Awaited<ReturnType<typeof startRegistry>>> {
  const started = await startRegistry({ image: 'ok', registry: 'ok', ...faults });
  closers.push(started.close);
  return started;
}

async function played(handler: (request: ApiRequest) => Reply): Promise<Listener & { seen: ApiRequest[] }> {
  const seen: ApiRequest[] = [];
  const started = await listen((request) => {
    seen.push(request);
    return handler(request);
  });
  closers.push(started.close);
  return { ...started, seen };
}

describe('the registry client', () => {
  it('finds a public image by a token that anybody gets, in three requests, and sends no credentials', async () => {
    const lab = await registry();
    expect(await lookUp(lab.url, 'docker.io/vllm/vllm-tpu:v1')).toEqual({
      is: 'there',
      digest: `sha256:${'0'.repeat(64)}`,
    });
    const { requests } = lab.record();
    expect(requests.map(({ method, path, status }) => [method, path, status])).toEqual([
      ['HEAD', '/v2/vllm/vllm-tpu/manifests/v1', 401],
      ['GET', '/token', 200],
      ['HEAD', '/v2/vllm/vllm-tpu/manifests/v1', 200],
    ]);
    expect(requests.map(({ registry: name }) => name)).toEqual(Array(3).fill('docker.io'));
    expect(requests.every(({ credentials }) => !credentials)).toBe(true);
  });

  it('finds a digest', async () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    const lab = await registry();
    expect(await lookUp(lab.url, `quay.io/opendatahub/vllm@${digest}`)).toEqual({ is: 'there', digest });
    expect(lab.record().requests.at(-1)?.path).toBe(`/v2/opendatahub/vllm/manifests/${digest}`);
  });

  it('reads the reason of a tag that is not there, which a HEAD does not have', async () => {
    const lab = await registry({ image: 'not-found' });
    expect(await lookUp(lab.url, 'ghcr.io/llm-d/vllm:v1')).toEqual({
      is: 'refused',
      refusal: { status: 404, reasons: ['MANIFEST_UNKNOWN'], text: 'manifest unknown' },
    });
    expect(lab.record().requests).toHaveLength(4);
  });

  it.each([
    ['docker.io/private/vllm', 'image-private'],
    ['ghcr.io/private/vllm', 'image-private'],
    ['quay.io/private/vllm', 'image-private'],
    ['us-docker.pkg.dev/private/r/vllm', 'image-private'],
    ['registry.redhat.io/rhaiis/vllm-tpu-rhel9:3.2.5', 'image-private'],
  ])('takes %s for one that it is not shown', async (image, code) => {
    const lab = await registry();
    expect(meaning(await lookUp(lab.url, image))).toBe(code);
  });

  it.each([
    ['limited', 'registry-limit'],
    ['down', 'registry-down'],
    ['silent', 'unseen'],
  ] as const)('says of a registry that is %s that it saw nothing', async (fault, code) => {
    const lab = await registry({ registry: fault });
    const answer = await lookUp(lab.url, 'docker.io/vllm/vllm-tpu:v1');
    expect(meaning(answer)).toBe(code);
    if (answer.is === 'unseen') expect(answer.why).toBe('it did not reply within 1.5 s');
  });

  it.each([
    ['a page of a proxy', { status: 404, raw: '<html><title>Not Found</title></html>' }, 'of its own'],
    ['a 404 without a body', { status: 404 }, 'of its own'],
    ['a code of lower case', { status: 404, body: { errors: [{ code: 'manifest_unknown' }] } }, 'image-not-found'],
    [
      "Harbor's code",
      { status: 404, body: { errors: [{ code: 'NOT_FOUND', message: 'artifact x' }] } },
      'image-not-found',
    ],
    ['an unknown repository', refusal('NAME_UNKNOWN'), 'image-not-found'],
    ['a 407 of a proxy', { status: 407 }, 'image-private'],
    ['a 500', { status: 500, raw: 'oops' }, 'registry-down'],
    ['a 418', { status: 418, raw: 'teapot' }, 'of its own'],
    ['errors that are no list', { status: 404, body: { errors: 'MANIFEST_UNKNOWN' } }, 'of its own'],
  ])('reads %s', async (_, reply: Reply, code) => {
    const { url } = await played(() => reply);
    expect(meaning(await lookUp(url, 'ghcr.io/a/b'))).toBe(code);
  });

  it.each([
    ['no token', { status: 200, body: {} }],
    ['a token of two lines', { status: 200, body: { token: 'a\r\nx-evil: 1' } }],
    ['a list', { status: 200, body: [] }],
  ])('takes %s of the realm for no token', async (_, reply: Reply) => {
    const { url } = await played(({ path, headers }) => {
      if (path === '/token') return reply;
      const realm = `http://${headers.host}/token`;
      return { ...refusal('UNAUTHORIZED'), headers: { 'www-authenticate': `Bearer realm="${realm}"` } };
    });
    expect(meaning(await lookUp(url, 'ghcr.io/a/b'))).toBe('image-private');
  });

  it('asks again by GET where HEAD is not allowed', async () => {
    const { url } = await played(({ method }) => ({ status: method === 'HEAD' ? 405 : 200 }));
    expect(await lookUp(url, 'ghcr.io/a/b')).toEqual({ is: 'there', digest: null });
  });

  it.each([
    'http://169.254.169.254/computeMetadata/v1/instance/service-accounts/default/token',
    'http://metadata.google.internal/',
    'https://localhost/token',
    'https://10.0.0.1/token',
    'file:///etc/passwd',
  ])('does not go to %s, whoever sends it there', async (target) => {
    const realm = await played(() => ({
      ...refusal('UNAUTHORIZED'),
      headers: { 'www-authenticate': `Bearer realm="${target}"` },
    }));
    expect(await lookUp(realm.url, 'ghcr.io/a/b')).toEqual({
      is: 'unseen',
      why: expect.stringContaining('is not an https name of the internet'),
    });
    const redirect = await played(() => ({ status: 307, headers: { location: target } }));
    expect(await lookUp(redirect.url, 'ghcr.io/a/b')).toMatchObject({ is: 'unseen' });
    expect(redirect.seen).toHaveLength(1);
  });

  it.each(['localhost:5000/a', '127.0.0.1:9/a', 'metadata.google.internal/a', 'kubernetes.default.svc/a'])(
    'does not ask %s without a mirror',
    async (image) => {
      expect(await lookUp(null, image)).toMatchObject({
        is: 'unseen',
        why: expect.stringContaining('not an https name'),
      });
    },
  );

  it('keeps a token to the registry that asked for it, and ends a ring of redirects', async () => {
    const { url, seen } = await played(({ path, headers }) => {
      if (path === '/token') return { status: 200, body: { access_token: 'abc' } };
      if (!headers.authorization) {
        return { status: 401, headers: { 'www-authenticate': `bearer realm="http://${headers.host}/token"` } };
      }
      return { status: 302, headers: { location: '/elsewhere' } };
    });
    expect(meaning(await lookUp(url, 'ghcr.io/a/b'))).toBe('of its own');
    expect(seen.length).toBeLessThan(10);
    expect(seen.filter(({ path }) => path === '/token').every(({ headers }) => !headers.authorization)).toBe(true);
  });

  it('goes by the proxy of the environment', async () => {
    const targets: string[] = [];
    const proxy = await listen(() => ({ status: 200 }));
    closers.push(proxy.close);
    const { createServer } = await import('node:http');
    const tunnel = createServer();
    tunnel.on('connect', (request, socket) => {
      targets.push(request.url ?? '');
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    });
    await new Promise<void>((done) => tunnel.listen(0, '127.0.0.1', done));
    closers.push(() => new Promise((done) => tunnel.close(() => done())));
    const address = tunnel.address() as { port: number };
    const env = { HTTPS_PROXY: `http://127.0.0.1:${address.port}` };
    expect(await lookUp(null, 'ghcr.io/a/b', env)).toMatchObject({ is: 'unseen' });
    expect(targets).toEqual(['ghcr.io:443']);
  });
});

describe('the mirror of the environment', () => {
  const named = (value: string) => registryMirror({ TPU_SERVING_GATE_REGISTRY_MIRROR: value });

  it('is an https address, or plain http on loopback', () => {
    expect(named('https://mirror.gcr.io')?.href).toBe('https://mirror.gcr.io/');
    expect(named('http://127.0.0.1:5000')?.port).toBe('5000');
    expect(registryMirror({})).toBeNull();
  });

  it.each(['http://mirror.example.com', 'mirror', 'ftp://x.example'])('%s is refused', (value) => {
    expect(() => named(value)).toThrow(/allowed: an https URL/);
  });
});
